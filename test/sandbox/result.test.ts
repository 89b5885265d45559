import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../properties.ts";
import { type Exact, parseExact, sandboxValue, WholeFloat } from "../../src/flow/exact.ts";
import { pythonJson } from "../../src/flow/value-text.ts";
import { exactValues } from "../flow/exact-values.ts";
import { MAX_RESULT_DEPTH, readResult, writeInputs } from "../../src/sandbox/result.ts";

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
/** JSON of values that come out as they went in: texts in scientific notation do not. */
const plain = exactValues
  .map(pythonJson)
  .filter((text) => !text.includes("__proto__") && !/"-?\d+\.?\d*e/i.test(text));
/** Longer than what is parsed in one go, whatever stands in it. */
const filler = JSON.stringify("x".repeat(200_000));

describe("a result from a sandbox", () => {
  it("is the JSON that came out", async () => {
    await fc.assert(
      fc.asyncProperty(plain, async (text) => {
        assert.equal(pythonJson((await readResult(text))?.value ?? null), text);
      }),
    );
  });

  it("is the same when it is read in pieces", async () => {
    const space = fc.constantFrom("", " ", "\n\t");
    await fc.assert(
      fc.asyncProperty(fc.array(plain, { maxLength: 5 }), space, async (texts, gap) => {
        for (const text of [
          `${gap}[${texts.map((one) => `${gap}${one}${gap}`).join(",")}${texts.length > 0 ? "," : ""}${filler}]${gap}`,
          `{"a"${gap}:${filler},${texts.map((one, at) => `"${at}\\"${"k".repeat(3)}":${gap}${one}`).join(`${gap},`)}${texts.length > 0 ? "," : ""}"z":[[${filler}],${filler}]}`,
        ])
          assert.deepEqual((await readResult(text))?.value, parseExact(text));
      }),
      { numRuns: 30 },
    );
    const many = JSON.stringify(Array.from({ length: 100_000 }, (_, at) => ({ at, text: `"[{\\${at}` })));
    assert.deepEqual((await readResult(many))?.value, JSON.parse(many));
  });

  it("has no key that changes a prototype, however it is written", async () => {
    const text = '{"a":[{"__proto__":{"x":1}}],"__pr\\u006fto__":{"x":1},"b":{"__proto__":null}}';
    assert.equal(JSON.stringify((await readResult(text))?.value), '{"a":[{}],"b":{}}');
    const long = `{"__pr\\u006fto__":{"x":${filler}},"a":[{"__proto__":{"x":1}}],"b":{"c":${filler}}}`;
    const value = (await readResult(long))?.value;
    assert.equal(JSON.stringify(value), `{"a":[{}],"b":{"c":${filler}}}`);
    assert.equal(Reflect.get(Object(value), "x"), undefined);
  });

  it("is refused when it is no JSON or too deep", async () => {
    const broken = [",]", "", "x", ",,1]", "]]", "}", "],"].map((end) => `[${filler}${end}`);
    for (const text of [
      "nan",
      "",
      nested(MAX_RESULT_DEPTH + 2),
      nested(1_000_000),
      `{"a" ${filler}}`,
      ...broken,
    ])
      assert.equal(await readResult(text), null, text.slice(-20));
    assert.notEqual(await readResult(nested(MAX_RESULT_DEPTH)), null);
    const deep = (depth: number): string => `${"[".repeat(depth)}${filler}${"]".repeat(depth)}`;
    assert.notEqual(await readResult(deep(MAX_RESULT_DEPTH - 1)), null);
    assert.equal(await readResult(deep(MAX_RESULT_DEPTH + 2)), null);
  });

  it("has numbers where Dify's server reads texts as numbers", async () => {
    const text = '["1e+5","-1.5E-3","1e5","e+5","1e+5x",{"a":"2.e+1"}]';
    assert.deepEqual((await readResult(text))?.value, [
      new WholeFloat(100_000),
      -0.0015,
      "1e5",
      "e+5",
      "1e+5x",
      { a: new WholeFloat(20) },
    ]);
  });

  it("of megabytes is read and written with pauses for the event loop", async () => {
    const value: Exact = {
      rows: Array.from({ length: 60_000 }, (_, at) => ({ at, name: `name ${at}`, list: [at, at + 1, null] })),
      text: "x".repeat(3_000_000),
    };
    let pauses = 0;
    let isDone = false;
    const count = (): void => {
      pauses += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const text = await writeInputs({ value });
    assert.deepEqual((await readResult(text))?.value, { value });
    isDone = true;
    assert.ok(pauses > 5, `${pauses} pauses`);
  });

  it("was written as JSON of the same value, with null where JSON has no number", async () => {
    await fc.assert(
      fc.asyncProperty(exactValues, async (x) => {
        const inputs: { readonly [key: string]: Exact } = {
          x,
          list: Array.from({ length: 3000 }, (_, at) => at),
        };
        const text = await writeInputs(inputs);
        assert.equal(pythonJson(parseExact(text)), pythonJson(sandboxValue(inputs)));
        assert.doesNotThrow(() => JSON.parse(text));
      }),
      { numRuns: 50 },
    );
  });
});
