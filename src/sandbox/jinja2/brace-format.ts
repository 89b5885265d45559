import { formatWithSpec } from "./format-spec.ts";
import { repr, str } from "./print.ts";
import { PyError } from "./values.ts";
import type { CallArguments, PyValue } from "./values.ts";

/** How a field such as `{0.name[key]}` reaches into a value. */
export type FieldAccess = {
  readonly attribute: (value: PyValue, name: string) => PyValue;
  readonly item: (value: PyValue, key: PyValue) => PyValue;
};

const ACCESS = /\.([^.[\]]+)|\[([^\]]+)\]/gu;

/** The end of the field that starts at `from`, braces inside it counted. */
const fieldEnd = (text: string, from: number): number => {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    else if (text[at] === "}") depth -= 1;
    if (depth === 0) return at;
  }
  throw new PyError("ValueError", "expected '}' before end of string");
};

const createLookup = (args: CallArguments, access: FieldAccess): ((name: string) => PyValue) => {
  let next = 0;
  return (name) => {
    const [head = ""] = /^[^.[]*/.exec(name) ?? [""];
    const position = head === "" ? next++ : /^\d+$/.test(head) ? Number(head) : null;
    const found = position === null ? args.named.get(head) : args.positional[position];
    if (found === undefined) {
      if (position === null) throw new PyError("KeyError", repr(head));
      throw new PyError("IndexError", `Replacement index ${position} out of range for positional args tuple`);
    }
    let value = found;
    for (const [, attribute, item] of name.slice(head.length).matchAll(ACCESS))
      value =
        attribute === undefined
          ? access.item(value, /^\d+$/.test(item ?? "") ? BigInt(item ?? 0) : (item ?? ""))
          : access.attribute(value, attribute);
    return value;
  };
};

const MAX_NESTING = 2;

const formatAll = (text: string, lookup: (name: string) => PyValue, depth: number): string => {
  if (depth > MAX_NESTING) throw new PyError("ValueError", "Max string recursion exceeded");
  let result = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if ((char === "{" || char === "}") && text[at + 1] === char) {
      result += char;
      at += 1;
    } else if (char === "}") throw new PyError("ValueError", "Single '}' encountered in format string");
    else if (char !== "{") result += char;
    else {
      if (at + 1 >= text.length) throw new PyError("ValueError", "Single '{' encountered in format string");
      const end = fieldEnd(text, at + 1);
      const [, name = "", conversion, spec = ""] =
        /^([^!:]*)(?:!([rsa]))?(?::(.*))?$/su.exec(text.slice(at + 1, end)) ?? [];
      const value = lookup(name);
      const shown = conversion === undefined ? value : conversion === "s" ? str(value) : repr(value);
      result += formatWithSpec(shown, formatAll(spec, lookup, depth + 1));
      at = end;
    }
  }
  return result;
};

/** Python's `text.format(*args, **kwargs)`. */
export const formatBraces = (text: string, args: CallArguments, access: FieldAccess): string =>
  formatAll(text, createLookup(args, access), 0);
