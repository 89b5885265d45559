import { compare } from "./compare.ts";
import { repr } from "./print.ts";
import { textLength } from "./types.ts";
import { PyDict, PyError, PyList, PyTuple } from "./values.ts";
import type { PyValue } from "./values.ts";

const WIDTH = 80;
const MAX_DEPTH = 200;

const byKey = (dict: PyDict): readonly (readonly [PyValue, PyValue])[] =>
  [...dict.entries()].sort(([a], [b]) => {
    try {
      return compare(a, b);
    } catch (error) {
      if (error instanceof PyError) return 0;
      throw error;
    }
  });

const sortKeys = (value: PyValue, depth: number): PyValue => {
  if (depth > MAX_DEPTH) throw new PyError("RecursionError", "maximum recursion depth exceeded");
  if (value instanceof PyList) return new PyList(value.items.map((item) => sortKeys(item, depth + 1)));
  if (value instanceof PyTuple) return new PyTuple(value.items.map((item) => sortKeys(item, depth + 1)));
  if (value instanceof PyDict)
    return new PyDict(byKey(value).map(([key, item]) => [key, sortKeys(item, depth + 1)] as const));
  return value;
};

const formatAt = (value: PyValue, indent: number, allowance: number): string => {
  const flat = repr(value);
  if (textLength(flat) <= WIDTH - indent - allowance) return flat;
  const pad = `,\n${" ".repeat(indent + 1)}`;
  if (value instanceof PyDict && value.size > 0) {
    const entries = [...value.entries()];
    const parts = entries.map(([key, item], at) => {
      const shown = repr(key);
      const room = at === entries.length - 1 ? allowance + 1 : 1;
      return `${shown}: ${formatAt(item, indent + textLength(shown) + 3, room)}`;
    });
    return `{${parts.join(pad)}}`;
  }
  if ((value instanceof PyList || value instanceof PyTuple) && value.items.length > 0) {
    const [open, close] = value instanceof PyList ? ["[", "]"] : ["(", value.items.length === 1 ? ",)" : ")"];
    const parts = value.items.map((item, at) =>
      formatAt(item, indent + 1, at === value.items.length - 1 ? allowance + 1 : 1),
    );
    return `${open}${parts.join(pad)}${close}`;
  }
  return flat;
};

/** Python's `pprint.pformat`, without its breaking of long texts. */
export const prettyPrint = (value: PyValue): string => formatAt(sortKeys(value, 0), 0, 0);
