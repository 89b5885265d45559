import { compare } from "./compare.ts";
import { reprFloat } from "./exact-number.ts";
import { checkLength } from "./print.ts";
import { textOf, typeName } from "./types.ts";
import { PyDict, PyError, PyList, PyTuple } from "./values.ts";
import type { PyValue } from "./values.ts";

const MAX_DEPTH = 200;

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\f": "\\f",
};

/** Python's `json.dumps` of a text: everything outside of ASCII is escaped. */
const dumpText = (text: string): string =>
  `"${text.replace(/["\\]|[^ -~]/g, (unit) => SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;

const dumpNumber = (value: number): string =>
  Number.isNaN(value)
    ? "NaN"
    : Number.isFinite(value)
      ? reprFloat(value)
      : value > 0
        ? "Infinity"
        : "-Infinity";

const dumpKey = (key: PyValue): string => {
  const text = textOf(key);
  if (text !== null) return dumpText(text);
  if (key === null || typeof key === "boolean" || typeof key === "bigint" || typeof key === "number")
    return `"${dumpAt(key, null, 0)}"`;
  throw new PyError("TypeError", `keys must be str, int, float, bool or None, not ${typeName(key)}`);
};

const brackets = (
  open: string,
  close: string,
  parts: readonly string[],
  indent: string | null,
  depth: number,
): string => {
  if (parts.length === 0) return open + close;
  const text =
    indent === null
      ? `${open}${parts.join(", ")}${close}`
      : `${open}\n${parts.map((part) => indent.repeat(depth + 1) + part).join(",\n")}\n${indent.repeat(depth)}${close}`;
  checkLength(text.length);
  return text;
};

const dumpAt = (value: PyValue, indent: string | null, depth: number): string => {
  if (depth > MAX_DEPTH) throw new PyError("RecursionError", "maximum recursion depth exceeded");
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") return dumpNumber(value);
  const text = textOf(value);
  if (text !== null) return dumpText(text);
  if (value instanceof PyList || value instanceof PyTuple)
    return brackets(
      "[",
      "]",
      value.items.map((item) => dumpAt(item, indent, depth + 1)),
      indent,
      depth,
    );
  if (value instanceof PyDict) {
    const entries = [...value.entries()].sort(([a], [b]) => compare(a, b));
    const parts = entries.map(([key, item]) => `${dumpKey(key)}: ${dumpAt(item, indent, depth + 1)}`);
    return brackets("{", "}", parts, indent, depth);
  }
  throw new PyError("TypeError", `Object of type ${typeName(value)} is not JSON serializable`);
};

/**
 * Jinja2's `tojson`: Python's `json.dumps` with sorted keys, and the characters that matter in HTML as
 * escapes. `indent` is the text of one level, null for one line.
 */
export const dumpJson = (value: PyValue, indent: string | null): string =>
  dumpAt(value, indent, 0)
    .replaceAll("<", "\\u003c")
    .replaceAll(">", "\\u003e")
    .replaceAll("&", "\\u0026")
    .replaceAll("'", "\\u0027");
