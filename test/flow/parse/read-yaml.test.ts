import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { exactAt, WholeFloat } from "../../../src/flow/exact.ts";
import { parseFlow } from "../../../src/flow/parse/parse-flow.ts";
import { readYaml } from "../../../src/flow/parse/read-yaml.ts";
import { flowMessage } from "../../../src/flow/messages/message.ts";

const valueOf = (text: string): unknown => {
  const reading = readYaml(text);
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.value;
};

describe("the YAML of exports", () => {
  it("has the texts and numbers that PyYAML wrote without quotes", () => {
    const written =
      "- 1e3\n- 7e12345\n- 0o17\n- 1.5e3\n- 08012345678\n- 1.0e+20\n- 1.0e-07\n- -2.5e+3\n- 0.5\n- 12\n- .inf\n- true\n- null\n";
    const texts = ["1e3", "7e12345", "0o17", "1.5e3", "08012345678"];
    const others = [1e20, 1e-7, -2500, 0.5, 12, Infinity, true, null];
    assert.deepEqual(valueOf(written), [...texts, ...others]);
  });

  it("has the numbers and truths of YAML 1.1", () => {
    const written = "[0o7, 007, 010, 1_000, 0x1F, 0b11, 1:30, -1:30:15, 1:30.5, yes, Off, ~, y, +1, .5, 1.]";
    const values = ["0o7", 7, 8, 1000, 31, 3, 90, -5415, 90.5, true, false, null, "y", 1, 0.5, 1];
    assert.deepEqual(valueOf(written), values);
  });

  it("lets a quoted text go on at the first column, and the last of two equal keys win", () => {
    assert.deepEqual(valueOf("a:\n  b: 'one\n\ntwo\n  three'\n  b2: \"x\ny\"\nc: 1\nc: 2\n"), {
      a: { b: "one\ntwo three", b2: "x y" },
      c: 2,
    });
  });

  it("keeps whole floats and long integers beside their plain numbers", () => {
    const value = valueOf("a: 5.0\nb: 12345678901234567890\nc: {d: [1, 2.0]}\ne: 1.5\n");
    assert.deepEqual(value, { a: 5, b: 12345678901234567000, c: { d: [1, 2] }, e: 1.5 });
    assert.deepEqual(exactAt(value, "a"), new WholeFloat(5));
    assert.equal(exactAt(value, "b"), 12345678901234567890n);
    assert.deepEqual(exactAt(value, "c"), { d: [1, new WholeFloat(2)] });
    assert.equal(exactAt(value, "e"), undefined);
  });

  it("has one problem with its place for one mistake", () => {
    const reading = readYaml("a: 'open\nb: 1\nc: [\n");
    const place = { line: 4, column: 1 };
    assert.deepEqual(reading, {
      ok: false,
      reason: flowMessage("flow.file.yaml-at", {
        reason: "unexpected end of the stream within a single quoted scalar",
        ...place,
      }),
    });
    assert.deepEqual(readYaml("[".repeat(100_000)), {
      ok: false,
      reason: flowMessage("flow.file.yaml-too-deep"),
    });
    const bomb = `a0: &a0 [x, x]\n${Array.from({ length: 40 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`).join("\n")}`;
    assert.deepEqual(readYaml(bomb), {
      ok: false,
      reason: flowMessage("flow.file.yaml-too-many-values"),
    });
    assert.equal(readYaml("a: &a [*a]").ok, false);
  });

  it("keeps a variable that looks like a number in other tongues", () => {
    const flow = parseFlow(`
app: { name: hash, mode: workflow }
workflow:
  graph:
    nodes:
      - { id: start, data: { type: start, title: Start } }
    edges: []
  environment_variables:
    - name: base
      value_type: string
      value: 7e12345
`);
    assert.deepEqual(flow.environment[0]?.variable, { type: "string", value: "7e12345" });
  });
});
