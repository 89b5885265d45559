import { bindArguments } from "./arguments.ts";
import type { BoundArguments } from "./arguments.ts";
import { getItem } from "./attributes.ts";
import type { Environment, Filter } from "./environment.ts";
import { str } from "./print.ts";
import { isTrue, textOf } from "./types.ts";
import { PyMarkup, PyUndefined } from "./values.ts";
import type { PyValue } from "./values.ts";

/** A filter with named parameters. */
export const createFilter =
  (
    name: string,
    parameters: readonly string[],
    body: (value: PyValue, args: BoundArguments, environment: Environment) => PyValue,
  ): Filter =>
  (value, args, environment) =>
    body(value, bindArguments(`do_${name}`, parameters, args), environment);

/** A flag argument with its default. */
export const flag = (value: PyValue | undefined, fallback: boolean): boolean =>
  value === undefined ? fallback : isTrue(value);

/** A text argument with its default; other values are printed. */
export const textArgument = (value: PyValue | undefined, fallback: string): string =>
  value === undefined ? fallback : str(value);

/** A filter's result keeps the mark of safe HTML that its input had. */
export const likeInput = (input: PyValue, text: string): PyValue =>
  input instanceof PyMarkup ? new PyMarkup(text) : text;

/** The attribute of an item by a dotted path or index; the item itself without one. */
export const attributeGetter = (
  attribute: PyValue | undefined,
  fallback?: PyValue,
): ((item: PyValue) => PyValue) => {
  if (attribute === undefined || attribute === null) return (item) => item;
  const path = textOf(attribute);
  const parts: readonly PyValue[] =
    path === null ? [attribute] : path.split(".").map((part) => (/^\d+$/.test(part) ? BigInt(part) : part));
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = getItem(value, part);
      if (value instanceof PyUndefined && fallback !== undefined) value = fallback;
    }
    return value;
  };
};

/** Lower case of a text, anything else as it is: how sorting and grouping ignore case. */
export const ignoreCase = (value: PyValue): PyValue => {
  const text = textOf(value);
  return text === null ? value : text.toLowerCase();
};

/** The value to compare by: the attribute, in lower case unless case counts. */
export const sortKey = (
  attribute: PyValue | undefined,
  caseSensitive: boolean,
): ((item: PyValue) => PyValue) => {
  const get = attributeGetter(attribute);
  return caseSensitive ? get : (item) => ignoreCase(get(item));
};
