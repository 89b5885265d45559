import { createMethod, required } from "./arguments.ts";
import type { BoundArguments } from "./arguments.ts";
import { repr } from "./print.ts";
import { iterate, listOf } from "./types.ts";
import { PyCallable, PyDict, PyError, PyTuple, PyView } from "./values.ts";
import type { CallArguments, PyValue } from "./values.ts";

type DictMethod = readonly [names: readonly string[], body: (dict: PyDict, args: BoundArguments) => PyValue];

/** The pairs of a dict or of a list of pairs, as `dict()` and `update` take them. */
export const pairsOf = (value: PyValue): readonly (readonly [PyValue, PyValue])[] => {
  if (value instanceof PyDict) return [...value.entries()];
  return [...iterate(value)].map((pair, at) => {
    const items = listOf(pair);
    const [key, item] = items;
    if (items.length !== 2 || key === undefined || item === undefined)
      throw new PyError(
        "ValueError",
        `dictionary update sequence element #${at} has length ${items.length}; 2 is required`,
      );
    return [key, item] as const;
  });
};

const pop = (dict: PyDict, [key, fallback]: BoundArguments): PyValue => {
  const wanted = required("pop", "key", key);
  const found = dict.get(wanted) ?? (dict.has(wanted) ? null : undefined);
  if (found !== undefined) {
    dict.delete(wanted);
    return found;
  }
  if (fallback !== undefined) return fallback;
  throw new PyError("KeyError", repr(wanted));
};

const METHODS: Readonly<Record<string, DictMethod>> = {
  get: [
    ["key", "default"],
    (dict, [key, fallback]) => {
      const found = dict.get(required("get", "key", key));
      return found === undefined ? (fallback ?? null) : found;
    },
  ],
  items: [[], (dict) => new PyView("items", dict)],
  keys: [[], (dict) => new PyView("keys", dict)],
  values: [[], (dict) => new PyView("values", dict)],
  copy: [[], (dict) => new PyDict(dict.entries())],
  pop: [["key", "default"], pop],
  popitem: [
    [],
    (dict) => {
      const last = [...dict.entries()].at(-1);
      if (last === undefined) throw new PyError("KeyError", "'popitem(): dictionary is empty'");
      dict.delete(last[0]);
      return new PyTuple(last);
    },
  ],
  setdefault: [
    ["key", "default"],
    (dict, [key, fallback]) => {
      const wanted = required("setdefault", "key", key);
      const found = dict.get(wanted);
      if (found !== undefined) return found;
      dict.set(wanted, fallback ?? null);
      return fallback ?? null;
    },
  ],
  clear: [
    [],
    (dict) => {
      dict.clear();
      return null;
    },
  ],
};

const update = (dict: PyDict, args: CallArguments): PyValue => {
  for (const value of args.positional) for (const [key, item] of pairsOf(value)) dict.set(key, item);
  for (const [key, item] of args.named) dict.set(key, item);
  return null;
};

/** The method of a dict, bound; undefined when Python has none of that name. */
export const dictMethod = (dict: PyDict, name: string): PyValue | undefined => {
  if (name === "update")
    return new PyCallable("<built-in method update of dict object at 0x7f0000000000>", (args) =>
      update(dict, args),
    );
  if (!Object.hasOwn(METHODS, name)) return undefined;
  const method = METHODS[name];
  return method === undefined
    ? undefined
    : createMethod("dict", name, method[0], (args) => method[1](dict, args));
};
