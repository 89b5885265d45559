import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../../properties.ts";
import type { Json, JsonObject } from "../../../../src/base/json.ts";
import { checkOutputs } from "../../../../src/flow/nodes/code/check-outputs.ts";
import { codeKind } from "../../../../src/flow/nodes/code/code.ts";
import { NodeError } from "../../../../src/flow/node-error.ts";
import type { CodeOutputs } from "../../../../src/flow/nodes/code/schema.ts";
import type { CodeRequest } from "../../../../src/flow/ports.ts";
import { failureOf, loadNode, outputsOf, poolOf, runNode } from "../llm/bench.ts";
import { inCode } from "../../in-code.ts";

const problemOf = (result: Json, outputs: CodeOutputs): string => {
  try {
    checkOutputs(result, outputs);
  } catch (error) {
    assert.ok(error instanceof NodeError);
    return `${error.errorType ?? "OutputValidationError"}: ${inCode(error.what)}`;
  }
  return "none";
};

const nest = (depth: number): JsonObject => (depth === 0 ? { leaf: 1 } : { in: nest(depth - 1) });

describe("checkOutputs", () => {
  const WRONG: readonly (readonly [what: string, result: Json, outputs: CodeOutputs, problem: string])[] = [
    [
      "a missing key",
      { a: "x" },
      { a: { type: "string" }, b: { type: "string" } },
      "OutputValidationError: flow.code.output-missing output=b",
    ],
    [
      "a key too many",
      { a: "x", c: 1 },
      { a: { type: "string" } },
      "CodeNodeError: flow.code.outputs-undeclared",
    ],
    ["no object", [1], {}, "CodeExecutionError: flow.code.result-not-an-object type=list"],
    [
      "a number for a string",
      { a: 1 },
      { a: { type: "string" } },
      "OutputValidationError: flow.code.not-a-text output=a type=int",
    ],
    [
      "a string for a number",
      { a: "1" },
      { a: { type: "number" } },
      "OutputValidationError: flow.code.not-a-number output=a type=<class 'str'>",
    ],
    [
      "a list for an object",
      { a: [] },
      { a: { type: "object" } },
      "OutputValidationError: flow.code.not-an-object output=a type=<class 'list'>",
    ],
    [
      "an object for a list",
      { a: {} },
      { a: { type: "array[string]" } },
      "OutputValidationError: flow.code.not-a-list output=a type=<class 'dict'>",
    ],
    [
      "a float in a list of strings",
      { a: ["x", 1.5] },
      { a: { type: "array[string]" } },
      "OutputValidationError: flow.code.not-a-text output=a[1] type=float",
    ],
    [
      "null in a list of numbers",
      { a: [1, null] },
      { a: { type: "array[number]" } },
      "OutputValidationError: flow.code.element-not-a-number output=a index=1",
    ],
    [
      "a text in a list of objects",
      { a: [{}, "x"] },
      { a: { type: "array[object]" } },
      "OutputValidationError: flow.code.element-not-an-object output=a index=1 type=<class 'str'>",
    ],
    [
      "a number in a list of truth values",
      { a: [true, 1] },
      { a: { type: "array[boolean]" } },
      "OutputValidationError: flow.code.not-a-boolean output=a[1] type=<class 'int'>",
    ],
    [
      "31 strings",
      { a: Array(31).fill("x") },
      { a: { type: "array[string]" } },
      "OutputValidationError: flow.code.list-too-long output=a most=30",
    ],
    [
      "31 objects",
      { a: Array.from({ length: 31 }, () => ({})) },
      { a: { type: "array[object]" } },
      "OutputValidationError: flow.code.list-too-long output=a most=30",
    ],
    [
      "1001 numbers",
      { a: Array(1001).fill(1) },
      { a: { type: "array[number]" } },
      "OutputValidationError: flow.code.list-too-long output=a most=1000",
    ],
    [
      "a long string",
      { a: "x".repeat(400_001) },
      { a: { type: "string" } },
      "OutputValidationError: flow.code.text-too-long output=a most=400000",
    ],
    [
      "a number over 64 bits",
      { a: 1e19 },
      { a: { type: "number" } },
      "OutputValidationError: flow.code.out-of-range output=a",
    ],
    [
      "21 decimals",
      { a: 1.5e-21 },
      { a: { type: "number" } },
      "OutputValidationError: flow.code.too-precise output=a most=20",
    ],
    [
      "a missing key of a child",
      { a: { b: 1 } },
      { a: { type: "object", children: { c: { type: "number" } } } },
      "OutputValidationError: flow.code.output-missing output=a.c",
    ],
    [
      "a wrong child in a list",
      { a: [{ b: 1 }] },
      { a: { type: "array[object]", children: { b: { type: "string" } } } },
      "OutputValidationError: flow.code.not-a-text output=a[0].b type=int",
    ],
    [
      "an object too deep",
      { a: nest(4) },
      { a: { type: "object" } },
      "DepthLimitError: flow.code.too-deep most=5",
    ],
    [
      "a mixed list inside",
      { a: { b: [1, "x"] } },
      { a: { type: "object" } },
      "OutputValidationError: flow.code.list-mixed output=a.b",
    ],
    [
      "a long list inside an object's string",
      { a: { b: ["x".repeat(400_001)] } },
      { a: { type: "object" } },
      "OutputValidationError: flow.code.text-too-long output=a.b[0] most=400000",
    ],
  ];
  for (const [what, result, outputs, problem] of WRONG) {
    it(`refuses ${what}`, () => assert.equal(problemOf(result, outputs), problem));
  }

  it("takes what lies at the limits", () => {
    const outputs: CodeOutputs = {
      s: { type: "string" },
      strings: { type: "array[string]" },
      numbers: { type: "array[number]" },
      booleans: { type: "array[boolean]" },
      o: { type: "object" },
    };
    const result = {
      s: "😀".repeat(400_000),
      strings: Array(30).fill("x"),
      numbers: Array(1000).fill(1),
      booleans: Array(2000).fill(true),
      o: nest(3),
    };
    assert.deepEqual(checkOutputs(result, outputs), result);
  });

  it("takes null for every type, and turns truth values into numbers where numbers are declared", () => {
    for (const type of [
      "string",
      "number",
      "object",
      "boolean",
      "array[string]",
      "array[number]",
      "array[object]",
      "array[boolean]",
    ] as const) {
      assert.deepEqual(checkOutputs({ a: null }, { a: { type } }), { a: null });
    }
    assert.deepEqual(checkOutputs({ a: true }, { a: { type: "number" } }), { a: 1 });
    assert.deepEqual(checkOutputs({ a: [false, 2] }, { a: { type: "array[number]" } }), { a: [0, 2] });
    assert.deepEqual(checkOutputs({ a: "not one" }, { a: { type: "boolean" } }), { a: "not one" });
  });

  it("takes NUL characters out of strings", () => {
    assert.deepEqual(checkOutputs({ a: "x\0y" }, { a: { type: "string" } }), { a: "xy" });
  });

  it("takes no inherited key for a declared one", () => {
    assert.equal(
      problemOf({}, Object.fromEntries([["toString", { type: "string" as const }]])),
      "OutputValidationError: flow.code.output-missing output=toString",
    );
  });

  it("gives scalars of the declared types back as they are", () => {
    fc.assert(
      fc.property(
        fc.string().map((text) => text.replaceAll("\0", "")),
        fc.integer(),
        fc.boolean(),
        (s, n, b) => {
          const outputs: CodeOutputs = {
            s: { type: "string" },
            n: { type: "number" },
            b: { type: "boolean" },
          };
          assert.deepEqual(checkOutputs({ s, n, b }, outputs), { s, n, b });
        },
      ),
    );
  });
});

describe("code", () => {
  const node = {
    type: "code",
    code_language: "javascript",
    code: "function main(){}",
    variables: [
      { variable: "a", value_selector: ["start", "a"] },
      { variable: "gone", value_selector: ["start", "gone"] },
      { variable: "files", value_selector: ["start", "files"] },
    ],
    outputs: { result: { type: "string", children: null } },
  };
  const pool = poolOf({ "start.a": { x: 1 }, "start.files": ["as", "array[file]", []] });

  it("hands the variables over, missing ones and empty lists of files as null", async () => {
    const requests: CodeRequest[] = [];
    const code = {
      run: async (request: CodeRequest) => {
        requests.push(request);
        return { ok: true as const, value: { result: "r" } };
      },
    };
    assert.deepEqual(outputsOf(await runNode(codeKind, node, { pool, ports: { code } })), { result: "r" });
    assert.deepEqual(requests[0]?.inputs, { a: { x: 1 }, gone: null, files: null });
    assert.equal(requests[0]?.language, "javascript");
  });

  it("passes failures of the sandbox and of the outputs on", async () => {
    const failing = {
      run: async () => ({
        ok: false as const,
        errorType: "CodeExecutionError",
        message: "boom",
        retryable: false,
      }),
    };
    assert.equal(
      failureOf(await runNode(codeKind, node, { pool, ports: { code: failing } })),
      "CodeExecutionError: boom",
    );
    const wrong = { run: async () => ({ ok: true as const, value: {} }) };
    assert.equal(
      failureOf(await runNode(codeKind, node, { pool, ports: { code: wrong } })),
      "OutputValidationError: flow.code.output-missing output=result",
    );
  });

  it("names languages and output types that do not exist, by field", () => {
    const loaded = codeKind.load({ ...node, code_language: "ruby", outputs: { a: { type: "file" } } });
    assert.ok("problems" in loaded);
    assert.deepEqual(
      loaded.problems.map(({ field }) => field),
      ["code_language", "outputs.a.type"],
    );
    assert.deepEqual(loadNode(codeKind, { ...node, code_language: "python3" }).declaration.languages, [
      "python3",
    ]);
  });
});
