import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { flowDraw, type FlowDrawOptions } from "../../src/cli/flow-draw.ts";
import { conformancePath, recordedTerminal } from "./recorded-terminal.ts";
import { saying } from "../messages/saying.ts";

const flow = conformancePath("if-else-branches");

const draw = async (file: string, options: FlowDrawOptions = {}) => {
  const terminal = recordedTerminal();
  const code = await flowDraw(file, { ...terminal, ...options });
  return { code, out: terminal.out(), err: terminal.err() };
};

describe("flow draw", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reviewflow-draw-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("writes Mermaid unless SVG is asked for", async () => {
    const mermaid = await draw(flow);
    assert.equal(mermaid.code, 0);
    assert.match(mermaid.out, /^flowchart LR\n/);
    const svg = await draw(flow, { format: "svg" });
    assert.equal(svg.code, 0);
    assert.match(svg.out, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  });

  it("writes a file, its format by its ending unless one is named", async () => {
    const picture = join(folder, "flow.svg");
    assert.deepEqual(await draw(flow, { output: picture }), { code: 0, out: "", err: "" });
    assert.match(await readFile(picture, "utf8"), /^<svg /);
    const text = join(folder, "flow.md");
    await draw(flow, { output: text });
    assert.match(await readFile(text, "utf8"), /^flowchart LR/);
    await draw(flow, { output: text, format: "svg" });
    assert.match(await readFile(text, "utf8"), /^<svg /);
  });

  it("does not write over the workflow file", async () => {
    const own = join(folder, "own.yml");
    await copyFile(flow, own);
    const { code, err } = await draw(own, { output: join(folder, ".", "own.yml") });
    assert.equal(code, 1);
    assert.match(err, saying("cli.flow.same-file"));
    assert.equal(await readFile(own, "utf8"), await readFile(flow, "utf8"));
  });

  it("draws what could be read of a file that cannot run, and says beside it why it cannot", async () => {
    for (const [name, node] of [
      ["kinds-not-run", "what"],
      ["broken-containers", "lost"],
      ["container-inside-itself", "onestart"],
      ["circle", "start"],
      ["code-refused", "code"],
    ] as const) {
      const { code, out, err } = await draw(conformancePath(name), { format: "svg" });
      assert.equal(code, 0, name);
      assert.match(err, saying("flow.file.problems"));
      assert.ok(out.includes(`data-node="${node}"`), name);
      assert.doesNotMatch(out, /NaN|undefined|Infinity/);
      const mermaid = await draw(conformancePath(name), {});
      assert.match(mermaid.out, /^flowchart LR\n/);
      assert.doesNotMatch(mermaid.out, /undefined| --> *$/m);
    }
  });

  it("says what went wrong beside the drawing, and draws nothing", async () => {
    await writeFile(join(folder, "empty.yml"), "");
    const cases: readonly (readonly [string, FlowDrawOptions, RegExp])[] = [
      [join(folder, "absent.yml"), {}, saying("cli.flow.file.missing")],
      [flow, { format: "png" }, saying("cli.usage.choice")],
      [flow, { output: join(folder, "no", "such", "folder.svg") }, saying("cli.file-unwritable")],
      [join(folder, "empty.yml"), {}, saying("flow.file.not-an-export")],
    ];
    for (const [file, options, expected] of cases) {
      const { code, out, err } = await draw(file, options);
      assert.equal(code, 1);
      assert.equal(out, "");
      assert.match(err, expected);
    }
  });
});
