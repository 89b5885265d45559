/**
 * Comparisons of conditions by value, operator and expected value, as Dify's own engine answered them. A share of them
 * stands in the repository; all are compared where the records lie beside the checkout.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { z } from "zod";
import { fc } from "../../properties.ts";
import { Json, JsonObject } from "../../../src/base/json.ts";
import { compareValues } from "../../../src/flow/conditions/compare.ts";
import { evaluateConditions } from "../../../src/flow/conditions/evaluate.ts";
import { Condition } from "../../../src/flow/conditions/schema.ts";
import { fileVariable } from "../../../src/flow/engine/file-input.ts";
import {
  type Exact,
  exactEntries,
  isExactArray,
  parseExact,
  plainOf,
  WholeFloat,
} from "../../../src/flow/exact.ts";
import { NodeError } from "../../../src/flow/node-error.ts";
import { exactVariable, type ValueType, type Variable, variableAs } from "../../../src/flow/value-type.ts";
import { drawShare } from "./drawn-share.ts";

const root = new URL("../../../", import.meta.url);
const shared = new URL("../shared/corpus/expected-nodes/conditions.json", root);
const drawn = new URL("test/fixtures/dify-nodes/conditions.json", root);
const isHere = existsSync(shared) || process.env["CI"] === "true";

const Row = z.tuple(
  [z.number(), z.array(z.string()), z.string(), Json, z.enum(["T", "F", "E", "I"])],
  JsonObject,
);
const ValueTypeName: z.ZodType<ValueType> = z.enum([
  "none",
  "string",
  "boolean",
  "object",
  "array[string]",
  "array[number]",
  "array[boolean]",
  "array[object]",
]);

const fileOf = (value: Exact): Json => fileVariable("x", JsonObject.parse(plainOf(value))).value;

const variable = ([type, value]: readonly [type: string, value: Exact]): Variable => {
  if (type === "file") return variableAs("file", fileOf(value));
  if (type === "array[file]") {
    return variableAs("array[file]", (isExactArray(value) ? value : []).map(fileOf));
  }
  // The record's `number` and `float` are what the number says itself.
  return exactVariable(value, ValueTypeName.safeParse(type).data);
};

type Records = { readonly values: readonly Variable[]; readonly rows: readonly Json[] };

const read = (file: URL): Records => {
  const records = Object.fromEntries(exactEntries(parseExact(readFileSync(file, "utf8"))));
  const { values = [], rows = [] } = records;
  return {
    values: (isExactArray(values) ? values : []).map((one) => {
      const [type = "", value = null] = isExactArray(one) ? one : [];
      return variable([typeof type === "string" ? type : "", value]);
    }),
    rows: z.array(Json).parse(plainOf(rows)),
  };
};

/** The value that some of the expected ones refer to. */
const REFERRED = exactVariable("abc");

/** T and F for what the condition says, E where the node fails, I where the file is refused. */
const answer = (values: readonly Variable[], row: z.infer<typeof Row>): string => {
  const [index, path, operator, expected, , sub] = row;
  const condition = Condition.safeParse({
    variable_selector: ["conversation", "x", ...path],
    comparison_operator: operator,
    value: expected,
    ...(sub === undefined ? {} : { sub_variable_condition: { logical_operator: "and", conditions: [sub] } }),
  });
  if (!condition.success) return "I";
  const value = values[index];
  assert.ok(value);
  const pool = new Map([
    ["c", new Map([["ref", REFERRED]])],
    ["conversation", new Map([["x", value]])],
  ]);
  try {
    return evaluateConditions(pool, [condition.data], "and").holds ? "T" : "F";
  } catch (error) {
    if (error instanceof NodeError) return "E";
    throw error;
  }
};

describe("conditions", () => {
  it("compare as on Dify's engine, without an exception", () => {
    const { values, rows } = read(isHere ? shared : drawn);
    const different = rows.filter((row) => {
      const parsed = Row.parse(row);
      return answer(values, parsed) !== parsed[4];
    });
    assert.deepEqual(different, []);
    if (!isHere) return;
    const line = `| \`conditions\` | ${rows.length} | ${rows.length} |`;
    assert.ok(readFileSync(new URL("docs/flows.md", root), "utf8").includes(`\n${line}\n`), line);
  });

  it("stand in the repository as their hash draws them", { skip: !isHere }, () => {
    const all = read(shared);
    const names = drawShare(all.rows.map((row) => JSON.stringify(row)));
    assert.deepEqual(read(drawn), {
      values: all.values,
      rows: all.rows.filter((row) => names.has(JSON.stringify(row))),
    });
  });
});

describe("all of a list", () => {
  const item = fc.constantFrom<Exact>(
    null,
    true,
    false,
    0,
    -0,
    1,
    0.5,
    1n,
    0n,
    10n ** 30n,
    NaN,
    "",
    "a",
    "true",
    "1",
    [],
    ["a"],
    {},
    new WholeFloat(0),
    new WholeFloat(1),
    new WholeFloat(2),
  );
  const wanted = fc.oneof(fc.array(fc.boolean()), fc.array(fc.constantFrom("", "a", "true", "1", "b")));

  it("is each of it, one by one", () => {
    fc.assert(
      fc.property(fc.array(item), wanted, (value, expected) => {
        const each = expected.every((one: Exact) => compareValues("contains", value, one));
        assert.equal(compareValues("all of", value, expected), value.length > 0 && each);
      }),
    );
  });

  it("is found out for two long lists", () => {
    const list = Array.from({ length: 200_000 }, (_, index) => String(index));
    assert.equal(compareValues("all of", list, list.toReversed()), true);
    assert.equal(compareValues("all of", list, [...list, "a"]), false);
  });
});
