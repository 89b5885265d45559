import { integerOf, numberOf, textOf, typeName } from "./types.ts";
import { PyDict, PyError, PyList, PyRange, PyTuple, PyUndefined, PyView } from "./values.ts";
import type { PyValue } from "./values.ts";

/** Orders texts by code points, as Python does; JavaScript's own order is by UTF-16 units. */
const compareTexts = (a: string, b: string): number => {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  if (at === length) return a.length - b.length;
  // Inside a pair both sides share the first half, so a look at the second halves is right as well.
  return (a.codePointAt(at) ?? 0) - (b.codePointAt(at) ?? 0);
};

const compareNumbers = (a: bigint | number, b: bigint | number): number => (a < b ? -1 : a > b ? 1 : 0);

const exact = (value: PyValue): bigint | number | null =>
  typeof value === "number" ? value : integerOf(value);

const itemsOf = (value: PyValue): readonly PyValue[] | null =>
  value instanceof PyList || value instanceof PyTuple ? value.items : null;

const dictsAreEqual = (a: PyDict, b: PyDict): boolean =>
  a.size === b.size &&
  [...a.entries()].every(([key, value]) => {
    const other = b.get(key);
    return other !== undefined && isEqual(value, other);
  });

const rangesAreEqual = (a: PyRange, b: PyRange): boolean =>
  a.length === b.length &&
  (a.length === 0n || (a.start === b.start && (a.length === 1n || a.step === b.step)));

const objectsAreEqual = (a: PyValue, b: PyValue): boolean => {
  if (a instanceof PyList && b instanceof PyList) return itemsAreEqual(a.items, b.items);
  if (a instanceof PyTuple && b instanceof PyTuple) return itemsAreEqual(a.items, b.items);
  if (a instanceof PyDict && b instanceof PyDict) return dictsAreEqual(a, b);
  if (a instanceof PyView && b instanceof PyView)
    return a.kind === b.kind && itemsAreEqual([...a.values()], [...b.values()]);
  if (a instanceof PyRange && b instanceof PyRange) return rangesAreEqual(a, b);
  return a instanceof PyUndefined && b instanceof PyUndefined;
};

/** Python's `==`. */
export const isEqual = (a: PyValue, b: PyValue): boolean => {
  if (a === b) return !(typeof a === "number" && Number.isNaN(a));
  const [numberA, numberB] = [exact(a), exact(b)];
  // oxlint-disable-next-line eqeqeq -- 1 and 1.0 are equal in Python, 1n and 1 only loosely so here
  if (numberA !== null && numberB !== null) return numberA == numberB;
  const [textA, textB] = [textOf(a), textOf(b)];
  return textA !== null || textB !== null ? textA === textB : objectsAreEqual(a, b);
};

const itemsAreEqual = (a: readonly PyValue[], b: readonly PyValue[]): boolean =>
  a.length === b.length &&
  a.every((item, at) => {
    const other = b[at];
    return other !== undefined && isEqual(item, other);
  });

const compareItems = (a: readonly PyValue[], b: readonly PyValue[], sign: string): number => {
  for (const [at, item] of a.entries()) {
    const other = b[at];
    if (other === undefined) return 1;
    if (!isEqual(item, other)) return compare(item, other, sign);
  }
  return a.length - b.length;
};

/**
 * Orders two values as Python does: below, at or above zero, NaN when neither holds. `sign` is the
 * operator named in the TypeError for values without an order.
 */
export const compare = (a: PyValue, b: PyValue, sign = "<"): number => {
  const [numberA, numberB] = [exact(a), exact(b)];
  if (numberA !== null && numberB !== null) {
    if (Number.isNaN(numberOf(a)) || Number.isNaN(numberOf(b))) return Number.NaN;
    return compareNumbers(numberA, numberB);
  }
  const [textA, textB] = [textOf(a), textOf(b)];
  if (textA !== null && textB !== null) return compareTexts(textA, textB);
  const [itemsA, itemsB] = [itemsOf(a), itemsOf(b)];
  if (itemsA !== null && itemsB !== null && a instanceof PyList === b instanceof PyList)
    return compareItems(itemsA, itemsB, sign);
  if (a instanceof PyUndefined) throw a.fail();
  if (b instanceof PyUndefined) throw b.fail();
  throw new PyError(
    "TypeError",
    `'${sign}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
  );
};
