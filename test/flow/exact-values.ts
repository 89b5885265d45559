import { type Exact, exactEntries, exactFloat, isExactArray, isExactObject } from "../../src/flow/exact.ts";
import { fc } from "../properties.ts";

const scalars: fc.Arbitrary<Exact> = fc.oneof(
  fc.constantFrom(null, true, false, ""),
  fc.string({ unit: "binary" }),
  fc.maxSafeInteger().map((value) => value + 0),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }),
  fc.bigInt({ min: -(2n ** 80n), max: -(2n ** 53n) }),
  fc.double().map(exactFloat),
  fc.integer({ min: -20, max: 20 }).map(exactFloat),
);

const keys = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "length", "2", "value"));

/** Every kind of value that a node can give: the numbers of JSON, and those that JSON and JavaScript lose. */
export const exactValues: fc.Arbitrary<Exact> = fc.letrec<{ value: Exact }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: "exact" },
    scalars,
    fc.array(tie("value"), { maxLength: 4, depthIdentifier: "exact" }),
    fc.dictionary(keys, tie("value"), { maxKeys: 4, depthIdentifier: "exact", noNullPrototype: true }),
  ),
})).value;

/** A value as the reader of a model's JSON gives it: without the key that could change a prototype. */
export const withoutPrototypes = (value: Exact): Exact => {
  if (isExactArray(value)) return value.map(withoutPrototypes);
  if (!isExactObject(value)) return value;
  const entries = exactEntries(value).filter(([key]) => key !== "__proto__");
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutPrototypes(item)]));
};
