import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { drawMermaid } from "../../../src/flow/draw/draw-mermaid.ts";
import { drawSvg, escapeXml } from "../../../src/flow/draw/draw-svg.ts";
import { layoutFlow } from "../../../src/flow/draw/layout.ts";
import { parseFlow, readFlow } from "../../../src/flow/parse/parse-flow.ts";
import { readFileSync } from "node:fs";
import { conformanceFlow } from "../engine/flow-files.ts";

const folder = new URL("../conformance/flows/", import.meta.url);
const flows = readdirSync(folder)
  .filter((name) => name.endsWith(".yml") && !name.endsWith(".expected.yml"))
  .map((name) => readFlow(readFileSync(new URL(name, folder), "utf8")))
  .flatMap((reading) => (reading.ok ? [reading.flow] : []));

const hostile = parseFlow(`
kind: app
app: { name: "<script>&", mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, position: { x: -100, y: 50 }, data: { type: start, title: "a < b & \\"c\\" ]]> 'd' \\u0001" } }
      - { id: box, position: { x: 300, y: 0 }, width: 500, height: 200, data: { type: loop, title: 日本語の題名, start_node_id: in, loop_count: 1, break_conditions: [], logical_operator: and } }
      - { id: in, parentId: box, position: { x: 20, y: 60 }, data: { type: loop-start, title: "" } }
    edges: [{ source: start, target: box }]
`);

/** Every tag that is opened is closed, in order. */
const assertBalanced = (xml: string): void => {
  const open: string[] = [];
  for (const [, close, name = "", self] of xml.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (close === "/") assert.equal(open.pop(), name);
    else if (self !== "/") open.push(name);
  }
  assert.deepEqual(open, []);
};

describe("drawSvg", () => {
  it("draws every flow as balanced XML with a box for each node and a path for each edge", () => {
    for (const flow of flows) {
      const svg = drawSvg(flow);
      assertBalanced(svg);
      assert.equal(svg.match(/<g data-node=/g)?.length, flow.nodes.size, flow.name);
      assert.equal(svg.match(/<path class="edge/g)?.length ?? 0, flow.edges.length, flow.name);
      assert.ok(!svg.includes("NaN") && !svg.includes("Infinity"), flow.name);
    }
  });

  it("can leave all inline style out, for pages that forbid it", () => {
    const svg = drawSvg(hostile, { withStyle: false });
    assertBalanced(svg);
    assert.ok(!/<style|\sstyle=/.test(svg));
    assert.match(drawSvg(hostile), /<style>/);
  });

  it("escapes what the file says", () => {
    const svg = drawSvg(hostile);
    assertBalanced(svg);
    assert.ok(!svg.includes("<script>"));
    assert.ok(svg.includes("&lt;script&gt;&amp;"));
    assert.equal(escapeXml("\u0001a\u0000<>&\"'"), "a&lt;&gt;&amp;&quot;&#39;");
  });

  it("takes positions from the file, those of children from their container", () => {
    const boxes = layoutFlow(hostile);
    assert.deepEqual(boxes.get("in"), { x: 320, y: 60, width: 244, height: 54 });
    assert.match(drawSvg(hostile), /viewBox="-132 -32 964 264"/);
  });

  it("puts flows without positions into columns, children inside their containers", () => {
    const boxes = layoutFlow(conformanceFlow("iteration-nested"));
    const around = boxes.get("out");
    const inside = boxes.get("each");
    assert.ok(around !== undefined && inside !== undefined);
    assert.ok(inside.x > around.x && inside.x + inside.width < around.x + around.width);
    assert.ok(inside.y > around.y && inside.y + inside.height < around.y + around.height);
  });
});

describe("drawSvg's details", () => {
  const canvas = parseFlow(`
kind: app
app: { name: canvas, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, position: { x: 0, y: 0 }, data: { type: start, title: 開始, variables: [{ variable: q, type: paragraph }] } }
      - { id: which, position: { x: 300, y: 0 }, data: { type: question-classifier, title: which, query_variable_selector: [start, q], model: { provider: p, name: m, mode: chat, completion_params: {} }, classes: [{ id: "1", name: バグ修正 }, { id: "2", name: "a new feature with a very long description" }] } }
      - { id: box, position: { x: 600, y: 0 }, width: 500, height: 200, data: { type: loop, title: とても長い題名はここで終わりにしてください, start_node_id: in, loop_count: 1, break_conditions: [], logical_operator: and } }
      - { id: in, parentId: box, position: { x: 24, y: 68 }, width: 44, height: 48, data: { type: loop-start, title: "" } }
      - { id: end, position: { x: 300, y: 300 }, data: { type: end, title: とても長い題名はここで終わりにしてください, outputs: [] } }
    edges: [{ source: start, target: which }, { source: which, sourceHandle: "1", target: box }, { source: which, sourceHandle: "2", target: end }]
`);
  const svg = drawSvg(canvas);

  it("marks the small starts inside containers without words, which would not fit", () => {
    const mark = svg.split("\n").find((line) => line.includes("(loop-start, in)"));
    assert.ok(mark !== undefined && !mark.includes("<text"));
    assert.match(mark, /<path class="tip"/);
  });

  it("cuts words to the room that they have, wide characters counted twice", () => {
    assert.ok(svg.includes(">とても長い題名はここで終…<"));
    assert.ok(svg.includes(">とても長い題名はここで終わりにしてください<"), "the wide container has room");
  });

  it("writes the names of classes to their edges, above everything else", () => {
    const lines = svg.trim().split("\n");
    const lastBox = lines.findLastIndex((line) => line.startsWith("<g "));
    const labels = lines.flatMap((line, index) => (line.includes('class="label"') ? [index] : []));
    assert.equal(labels.length, 2);
    assert.ok(labels.every((index) => index > lastBox));
    assert.ok(svg.includes(">バグ修正<") && svg.includes(">a new feature with a ve…<"));
    assert.match(drawMermaid(canvas), /-->\|"バグ修正"\|/);
  });
});

describe("drawMermaid", () => {
  it("draws choices, containers and failures", () => {
    const branches = drawMermaid(conformanceFlow("if-else-branches"));
    assert.match(branches, /^flowchart LR\n/);
    assert.match(branches, /n1 -->\|"if"\| n2/);
    assert.match(branches, /n1 -->\|"else if 1"\| n3/);
    assert.match(branches, /n1 -->\|"else"\| n4/);
    assert.match(drawMermaid(conformanceFlow("fail-branch")), /-->\|"fails"\|/);
    assert.match(drawMermaid(conformanceFlow("loop-break")), /subgraph n1 \["lo \(loop\)"\]\n {4}n2/);
  });

  it("escapes labels", () => {
    const drawn = drawMermaid(hostile);
    assert.ok(drawn.includes("a #lt; b #amp; #quot;c#quot;"));
  });
});
