import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { layoutFlow } from "../../../src/flow/draw/layout.ts";
import { routeEdges } from "../../../src/flow/draw/route-edges.ts";
import type { NodeBox } from "../../../src/flow/flow.ts";
import { parseFlow, readFlow } from "../../../src/flow/parse/parse-flow.ts";

const flow = parseFlow(`
kind: app
app: { name: back, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: s, position: { x: 600, y: 0 }, data: { type: start, title: Start } }
      - { id: k, position: { x: 100, y: 10 }, height: 120, data: { type: if-else, title: Which, cases: [{ case_id: "true", logical_operator: and, conditions: [] }] } }
      - { id: m, position: { x: 380, y: 160 }, width: 180, height: 60, data: { type: end, title: In the way } }
      - { id: e1, position: { x: 364, y: 0 }, width: 180, data: { type: end, title: Title near the label } }
      - { id: e2, position: { x: 100, y: 260 }, data: { type: end, title: Below } }
    edges:
      - { source: s, target: k }
      - { source: k, sourceHandle: "true", target: e1 }
      - { source: k, sourceHandle: "false", target: e2 }
      - { source: s, target: m }
`);
const boxes = layoutFlow(flow);
const routes = routeEdges(flow, boxes);

type Line = readonly [x: number, y: number, otherX: number, otherY: number];

/** The straight parts of a path of the commands M, H, V and Q. */
const straightParts = (path: string): readonly Line[] => {
  const lines: Line[] = [];
  let [x, y] = [0, 0];
  for (const [, command, numbers = ""] of path.matchAll(/([MHVQ])([-\d. ]+)/g)) {
    const values = numbers.trim().split(" ").map(Number);
    const [last = 0] = values.slice(-1);
    const next = command === "H" ? [last, y] : command === "V" ? [x, last] : values.slice(-2);
    const [nextX = 0, nextY = 0] = next;
    if (command === "H" || command === "V") lines.push([x, y, nextX, nextY]);
    [x, y] = [nextX, nextY];
  }
  return lines;
};

const crosses = ([x, y, otherX, otherY]: Line, box: NodeBox): boolean =>
  Math.max(x, otherX) > box.x &&
  Math.min(x, otherX) < box.x + box.width &&
  Math.max(y, otherY) > box.y &&
  Math.min(y, otherY) < box.y + box.height;

describe("the ways of edges", () => {
  it("go around the nodes where they lead back", () => {
    const back = routes.filter(({ path }) => path.includes("V"));
    assert.deepEqual(
      back.map(({ edge }) => `${edge.source} ${edge.target}`),
      ["s k", "k e2", "s m"],
    );
    for (const { path } of back) {
      const parts = straightParts(path);
      assert.ok(parts.length >= 5, path);
      for (const box of boxes.values()) assert.ok(!parts.some((part) => crosses(part, box)), path);
    }
  });

  it("have labels that cover no node and no other label", () => {
    const labels = routes.flatMap(({ label }) => label ?? []);
    assert.deepEqual(
      labels.map(({ text }) => text),
      ["if", "else"],
    );
    for (const { text, x, y } of labels) {
      const half = text.length * 3.5;
      const area: Line = [x - half, y - 11, x + half, y + 3];
      for (const box of boxes.values()) assert.ok(!crosses(area, box), text);
    }
  });
});

/** Ten thousand nodes in a row, in a circle, and in no order at all. */
const many = (edgesOf: (at: number) => string): string => {
  const ids = Array.from({ length: 10_000 }, (_, at) => at);
  return [
    "kind: app\napp: { name: many, mode: workflow }\nworkflow:\n  graph:\n    nodes:",
    "      - { id: s, data: { type: start, title: s } }",
    ...ids.map((at) => `      - { id: n${at}, data: { type: template-transform, title: t, template: x } }`),
    "    edges:",
    ...ids.map((at) => `      - ${edgesOf(at)}`),
  ].join("\n");
};

describe("a file of many nodes", () => {
  it("is checked and laid out in one pass", () => {
    const row = parseFlow(many((at) => `{ source: ${at === 0 ? "s" : `n${at - 1}`}, target: n${at} }`));
    assert.equal(layoutFlow(row).size, 10_001);
    const rightmost = [...layoutFlow(row).values()].reduce((most, { x }) => Math.max(most, x), 0);
    assert.equal(rightmost, 10_000 * 324);
    const circle = readFlow(many((at) => `{ source: n${at}, target: n${(at + 1) % 10_000} }`));
    const problem = circle.ok ? undefined : circle.problems[0]?.message;
    assert.deepEqual([problem?.code, problem?.params["more"]], ["flow.graph.circle", 9_980]);
    assert.equal(circle.ok ? 0 : layoutFlow(circle.partial ?? row).size, 10_001);
  });
});
