import { createMethod, required } from "./arguments.ts";
import type { BoundArguments } from "./arguments.ts";
import { compare, isEqual } from "./compare.ts";
import { repr } from "./print.ts";
import { expectInteger, isTrue, listOf } from "./types.ts";
import { PyError, PyList } from "./values.ts";
import type { PyTuple, PyValue } from "./values.ts";

type ListMethod = readonly [names: readonly string[], body: (list: PyList, args: BoundArguments) => PyValue];

const indexOf = (items: readonly PyValue[], wanted: PyValue, typeName: string): number => {
  const at = items.findIndex((item) => isEqual(item, wanted));
  if (at >= 0) return at;
  throw new PyError(
    "ValueError",
    typeName === "list" ? `${repr(wanted)} is not in list` : "tuple.index(x): x not in tuple",
  );
};

const countOf = (items: readonly PyValue[], wanted: PyValue): bigint =>
  BigInt(items.filter((item) => isEqual(item, wanted)).length);

const pop = (list: PyList, [index]: BoundArguments): PyValue => {
  if (list.items.length === 0) throw new PyError("IndexError", "pop from empty list");
  const asked = expectInteger(index, -1);
  const at = asked < 0 ? asked + list.items.length : asked;
  const [taken] = at < 0 ? [] : list.items.splice(at, 1);
  if (taken === undefined) throw new PyError("IndexError", "pop index out of range");
  return taken;
};

const METHODS: Readonly<Record<string, ListMethod>> = {
  append: [
    ["object"],
    (list, [item]) => {
      list.items.push(required("append", "object", item));
      return null;
    },
  ],
  extend: [
    ["iterable"],
    (list, [items]) => {
      for (const item of listOf(required("extend", "iterable", items))) list.items.push(item);
      return null;
    },
  ],
  insert: [
    ["index", "object"],
    (list, [index, item]) => {
      list.items.splice(expectInteger(index, 0), 0, required("insert", "object", item));
      return null;
    },
  ],
  pop: [["index"], pop],
  remove: [
    ["value"],
    (list, [item]) => {
      const wanted = required("remove", "value", item);
      const at = list.items.findIndex((other) => isEqual(other, wanted));
      if (at < 0) throw new PyError("ValueError", "list.remove(x): x not in list");
      list.items.splice(at, 1);
      return null;
    },
  ],
  clear: [
    [],
    (list) => {
      list.items.length = 0;
      return null;
    },
  ],
  reverse: [
    [],
    (list) => {
      list.items.reverse();
      return null;
    },
  ],
  sort: [
    ["key", "reverse"],
    (list, [, reverse]) => {
      const sign = reverse !== undefined && isTrue(reverse) ? -1 : 1;
      list.items.sort((a, b) => sign * compare(a, b));
      return null;
    },
  ],
  copy: [[], (list) => new PyList([...list.items])],
  index: [["value"], (list, [item]) => BigInt(indexOf(list.items, required("index", "value", item), "list"))],
  count: [["value"], (list, [item]) => countOf(list.items, required("count", "value", item))],
};

/** The method of a list, bound; undefined when Python has none of that name. */
export const listMethod = (list: PyList, name: string): PyValue | undefined => {
  if (!Object.hasOwn(METHODS, name)) return undefined;
  const method = METHODS[name];
  return method === undefined
    ? undefined
    : createMethod("list", name, method[0], (args) => method[1](list, args));
};

/** The method of a tuple, bound; undefined when Python has none of that name. */
export const tupleMethod = (tuple: PyTuple, name: string): PyValue | undefined => {
  if (name === "index")
    return createMethod("tuple", name, ["value"], ([item]) =>
      BigInt(indexOf(tuple.items, required(name, "value", item), "tuple")),
    );
  if (name === "count")
    return createMethod("tuple", name, ["value"], ([item]) =>
      countOf(tuple.items, required(name, "value", item)),
    );
  return undefined;
};
