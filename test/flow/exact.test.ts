import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { saying } from "../messages/saying.ts";
import { isDeepStrictEqual } from "node:util";
import { readJsonText } from "../../src/base/model-json/read-json.ts";
import { type Exact, exactOfNode, isPlain, parseExact, plainOf, WholeFloat } from "../../src/flow/exact.ts";
import { calculate } from "../../src/flow/python-number.ts";
import { pythonJson, pythonRepr } from "../../src/flow/value-text.ts";
import { fc } from "../properties.ts";
import { exactValues, withoutPrototypes } from "./exact-values.ts";

describe("an exact value", () => {
  it("is the same after it was written and read, by either reader", () => {
    fc.assert(
      fc.property(exactValues, (value) => {
        const text = pythonJson(value);
        assert.deepEqual(parseExact(text), value);
        const read = readJsonText(text);
        assert.ok(read.ok);
        assert.equal(pythonJson(exactOfNode(read.node)), pythonJson(withoutPrototypes(value)));
      }),
      { numRuns: 2000 },
    );
  });

  it("reads numbers as Python's json.loads does", () => {
    const read: readonly (readonly [string, Exact])[] = [
      ["5.0", new WholeFloat(5)],
      ["-0.0", new WholeFloat(-0)],
      ["-0", 0],
      ["1e3", new WholeFloat(1000)],
      ["1E-2", 0.01],
      ["0.99999999999999999999", new WholeFloat(1)],
      ["123456.999999999999", new WholeFloat(123_457)],
      ["9007199254740991", 9_007_199_254_740_991],
      ["9007199254740993", 9_007_199_254_740_993n],
      ["-9007199254740993", -9_007_199_254_740_993n],
      ["1e400", Number.POSITIVE_INFINITY],
      ["NaN", Number.NaN],
      ["[-Infinity]", [Number.NEGATIVE_INFINITY]],
    ];
    for (const [text, value] of read) assert.deepEqual(parseExact(text), value, text);
    assert.throws(() => parseExact("[NaN"), SyntaxError);
    assert.throws(() => parseExact("nan"), SyntaxError);
  });

  it("is plain where JSON carries it whole", () => {
    fc.assert(
      fc.property(exactValues, (value) => {
        const carried: unknown = JSON.parse(JSON.stringify(plainOf(value)));
        assert.equal(isPlain(value), isDeepStrictEqual(carried, value));
      }),
    );
  });
});

describe("Python's arithmetic", () => {
  it("gives what Python gives", () => {
    const float = (value: number): WholeFloat => new WholeFloat(value);
    const results: readonly (readonly [Exact, string])[] = [
      [calculate(7, "/", 2), "3.5"],
      [calculate(6, "/", 2), "3.0"],
      [calculate(float(5), "+", 1), "6.0"],
      [calculate(9_007_199_254_740_993n, "+", 1), "9007199254740994"],
      [calculate(9_007_199_254_740_993n, "*", 3), "27021597764222979"],
      [calculate(9_007_199_254_740_993n, "-", 0.5), "9007199254740992.0"],
      [calculate(9_007_199_254_740_993n, "/", 3), "3002399751580331.0"],
      [calculate(12_345_678_901_234_567_890n, "/", 7), "1.763668414462081e+18"],
      [calculate(10n ** 30n, "-", 10n ** 30n - 1n), "1"],
      [calculate(10n ** 400n, "/", 10n ** 399n), "10.0"],
      [calculate(1, "/", 10n ** 400n), "0.0"],
      [calculate(-1, "/", 3), "-0.3333333333333333"],
      [calculate(0, "/", -5), "-0.0"],
    ];
    for (const [value, text] of results) assert.equal(pythonRepr(value), text);
    assert.throws(() => calculate(10n ** 400n, "+", 0.5), saying("flow.node.integer-too-large"));
    assert.throws(() => calculate(10n ** 400n, "/", 3), saying("flow.node.quotient-too-large"));
  });
});
