import { compare, isEqual } from "./compare.ts";
import { getAttributeOnly } from "./attributes.ts";
import type { Filter } from "./environment.ts";
import { attributeGetter, createFilter, flag, ignoreCase, sortKey, textArgument } from "./filter-parts.ts";
import { applyArithmetic } from "./operators.ts";
import { checkLength, str } from "./print.ts";
import { charactersOf, expectInteger, isTrue, iterate, lengthOf, listOf, textOf, typeName } from "./types.ts";
import { PyDict, PyError, PyIterator, PyList, PyRange, PyTuple, PyUndefined, PyView } from "./values.ts";
import type { PyValue } from "./values.ts";

const generator = (name: string, items: Iterable<PyValue>): PyIterator =>
  new PyIterator(`<generator object ${name} at 0x7f0000000000>`, items);

const sorted = (items: readonly PyValue[], key: (item: PyValue) => PyValue, reverse: boolean): PyValue[] => {
  const keyed = items.map((item) => [key(item), item] as const);
  keyed.sort(([a], [b]) => (reverse ? compare(b, a) : compare(a, b)));
  return keyed.map(([, item]) => item);
};

function* batches(items: readonly PyValue[], size: number, fill: PyValue): Generator<PyValue> {
  for (let at = 0; at < items.length; at += Math.max(1, size)) {
    const row = items.slice(at, at + Math.max(1, size));
    if (fill !== null) while (row.length < size) row.push(fill);
    yield new PyList(row);
  }
}

function* slices(items: readonly PyValue[], count: number, fill: PyValue): Generator<PyValue> {
  const each = Math.floor(items.length / count);
  const longer = items.length % count;
  for (let number = 0, from = 0; number < count; number += 1) {
    const to = from + each + (number < longer ? 1 : 0);
    const part = items.slice(from, to);
    if (fill !== null && number >= longer) part.push(fill);
    yield new PyList(part);
    from = to;
  }
}

const groupBy = (
  value: PyValue,
  attribute: PyValue | undefined,
  fallback: PyValue | undefined,
  caseSensitive: boolean,
): PyValue => {
  const get = attributeGetter(attribute, fallback);
  const key = caseSensitive ? get : (item: PyValue) => ignoreCase(get(item));
  const groups: { readonly key: PyValue; readonly grouper: PyValue; readonly items: PyValue[] }[] = [];
  for (const item of sorted(listOf(value), key, false)) {
    const last = groups.at(-1);
    if (last !== undefined && isEqual(last.key, key(item))) last.items.push(item);
    else groups.push({ key: key(item), grouper: get(item), items: [item] });
  }
  return new PyList(
    groups.map(({ grouper, items }) => new PyTuple([grouper, new PyList(items)], ["grouper", "list"])),
  );
};

function* uniqueItems(value: PyValue, key: (item: PyValue) => PyValue): Generator<PyValue> {
  const seen = new PyDict();
  for (const item of iterate(value)) {
    const mark = key(item);
    if (seen.has(mark)) continue;
    seen.set(mark, true);
    yield item;
  }
}

const extreme =
  (name: string, sign: 1 | -1): Filter =>
  (value, args, environment) =>
    createFilter(name, ["case_sensitive", "attribute"], (input, [caseSensitive, attribute]) => {
      const key = sortKey(attribute, flag(caseSensitive, false));
      let best: PyValue | undefined;
      for (const item of iterate(input))
        if (best === undefined || sign * compare(key(item), key(best), sign > 0 ? "<" : ">") < 0) best = item;
      return best === undefined ? new PyUndefined("No aggregated item, sequence was empty.") : best;
    })(value, args, environment);

const reverse = (value: PyValue): PyValue => {
  const text = textOf(value);
  if (text !== null) return [...charactersOf(text)].reverse().join("");
  const label = value instanceof PyList ? "list_reverseiterator" : "reversed";
  return new PyIterator(`<${label} object at 0x7f0000000000>`, listOf(value).reverse());
};

const last = (value: PyValue): PyValue => {
  if (value instanceof PyUndefined) return new PyUndefined("No last item, sequence was empty.");
  const isReversible =
    textOf(value) !== null ||
    [PyList, PyTuple, PyDict, PyView, PyRange].some((kind) => value instanceof kind);
  if (!isReversible) throw new PyError("TypeError", `'${typeName(value)}' object is not reversible`);
  const item = listOf(value).at(-1);
  return item === undefined ? new PyUndefined("No last item, sequence was empty.") : item;
};

const first = (value: PyValue): PyValue => {
  for (const item of iterate(value)) return item;
  return new PyUndefined("No first item, sequence was empty.");
};

const dictItems = (value: PyValue): PyValue => {
  if (value instanceof PyUndefined) return generator("do_items", []);
  if (!(value instanceof PyDict)) throw new PyError("TypeError", "Can only get item pairs from a mapping.");
  return generator("do_items", new PyView("items", value).values());
};

const dictSort = createFilter(
  "dictsort",
  ["case_sensitive", "by", "reverse"],
  (value, [caseSensitive, by, backwards]) => {
    const at = by === undefined || by === "key" ? 0n : by === "value" ? 1n : null;
    if (at === null) throw new PyError("FilterArgumentError", 'You can only sort by either "key" or "value"');
    if (!(value instanceof PyDict))
      throw new PyError("AttributeError", `'${typeName(value)}' object has no attribute 'items'`);
    const pairs = [...new PyView("items", value).values()];
    return new PyList(sorted(pairs, sortKey(at, flag(caseSensitive, false)), flag(backwards, false)));
  },
);

const sort = createFilter(
  "sort",
  ["reverse", "case_sensitive", "attribute"],
  (value, [backwards, caseSensitive, attribute]) => {
    const names = textOf(attribute)?.split(",") ?? [attribute];
    const keys = names.map((name) => sortKey(name, flag(caseSensitive, false)));
    const key = (item: PyValue): PyValue => new PyList(keys.map((get) => get(item)));
    return new PyList(sorted(listOf(value), key, flag(backwards, false)));
  },
);

const join = createFilter("join", ["d", "attribute"], (value, [separator, attribute]) => {
  const get = attributeGetter(attribute);
  const text = [...iterate(value)].map((item) => str(get(item))).join(textArgument(separator, ""));
  checkLength(text.length);
  return text;
});

const map: Filter = (value, { positional, named }, environment) => {
  const attribute = named.get("attribute");
  if (positional.length === 0 && attribute !== undefined) {
    const get = attributeGetter(attribute, named.get("default"));
    return generator("sync_do_map", listOf(value).map(get));
  }
  const [name, ...rest] = positional;
  const filter = textOf(name);
  if (filter === null) throw new PyError("FilterArgumentError", "map requires a filter argument");
  return generator(
    "sync_do_map",
    listOf(value).map((item) => environment.callFilter(filter, item, { positional: rest, named })),
  );
};

/** `select`, `reject` and their attribute forms: the items for which a test holds, or does not. */
const selector =
  (wanted: boolean, byAttribute: boolean): Filter =>
  (value, { positional, named }, environment) => {
    const [attribute, ...others] = byAttribute ? positional : [null, ...positional];
    if (attribute === undefined)
      throw new PyError("FilterArgumentError", "Missing parameter for attribute name");
    const get = attributeGetter(attribute);
    const [test, ...rest] = others;
    const testName = textOf(test);
    const holds = (item: PyValue): boolean =>
      testName === null ? isTrue(item) : environment.callTest(testName, item, { positional: rest, named });
    return generator(
      `select_or_reject`,
      listOf(value).filter((item) => holds(get(item)) === wanted),
    );
  };

const sum = createFilter("sum", ["attribute", "start"], (value, [attribute, start]) => {
  const get = attributeGetter(attribute);
  let total: PyValue = start ?? 0n;
  for (const item of iterate(value)) total = applyArithmetic("+", total, get(item));
  return total;
});

const slice = createFilter("slice", ["slices", "fill_with"], (value, [count, fill]) => {
  const parts = expectInteger(count, 1);
  checkLength(parts);
  if (parts === 0) throw new PyError("ZeroDivisionError", "integer division or modulo by zero");
  return generator("sync_do_slice", slices(listOf(value), parts, fill ?? null));
});

const batch = createFilter("batch", ["linecount", "fill_with"], (value, [size, fill]) => {
  const row = expectInteger(size, 1);
  checkLength(row);
  return generator("do_batch", batches(listOf(value), row, fill ?? null));
});

const pickRandom = (value: PyValue): PyValue => {
  const items = listOf(value);
  const item = items[Math.floor(Math.random() * items.length)];
  return item === undefined ? new PyUndefined("No random item, sequence was empty.") : item;
};

/** Filters over sequences and mappings. */
export const LIST_FILTERS: Readonly<Record<string, Filter>> = {
  attr: createFilter("attr", ["name"], (value, [name]) => getAttributeOnly(value, textArgument(name, ""))),
  batch,
  dictsort: dictSort,
  first,
  groupby: createFilter(
    "groupby",
    ["attribute", "default", "case_sensitive"],
    (value, [attribute, fallback, caseSensitive]) =>
      groupBy(value, attribute, fallback, flag(caseSensitive, false)),
  ),
  items: dictItems,
  join,
  last,
  length: (value) => BigInt(lengthOf(value)),
  count: (value) => BigInt(lengthOf(value)),
  list: (value) => new PyList(listOf(value)),
  map,
  max: extreme("max", -1),
  min: extreme("min", 1),
  random: pickRandom,
  reject: selector(false, false),
  rejectattr: selector(false, true),
  reverse,
  select: selector(true, false),
  selectattr: selector(true, true),
  slice,
  sort,
  sum,
  unique: createFilter("unique", ["case_sensitive", "attribute"], (value, [caseSensitive, attribute]) =>
    generator("do_unique", uniqueItems(value, sortKey(attribute, flag(caseSensitive, false)))),
  ),
};
