import { createMethod } from "./arguments.ts";
import { formatBraces } from "./brace-format.ts";
import { dictMethod } from "./dict-methods.ts";
import { listMethod, tupleMethod } from "./list-methods.ts";
import { repr } from "./print.ts";
import { stringMethod } from "./string-methods.ts";
import { charactersOf, integerOf, textOf, typeName } from "./types.ts";
import {
  PyCallable,
  PyDict,
  PyError,
  PyList,
  PyMarkup,
  PyObject,
  PyRange,
  PyTuple,
  PyUndefined,
} from "./values.ts";
import type { PyValue } from "./values.ts";

const numberAttribute = (value: bigint | number | boolean, name: string): PyValue | undefined => {
  if (name === "real") return typeof value === "boolean" ? integerOf(value) : value;
  if (name === "imag") return typeof value === "number" ? 0 : 0n;
  if (typeof value === "number")
    return name === "is_integer"
      ? new PyCallable("<built-in method is_integer of float object at 0x7f0000000000>", () =>
          Number.isInteger(value),
        )
      : undefined;
  const integer = integerOf(value) ?? 0n;
  if (name === "numerator") return integer;
  if (name === "denominator") return 1n;
  if (name !== "bit_length") return undefined;
  const bits = integer === 0n ? 0 : (integer < 0n ? -integer : integer).toString(2).length;
  return new PyCallable("<built-in method bit_length of int object at 0x7f0000000000>", () => BigInt(bits));
};

/** `format` and `format_map` of a text; they are here because their fields reach into other values. */
const formatMethod = (text: string, name: string): PyCallable | undefined => {
  const access = { attribute: getAttribute, item: getItem };
  if (name === "format")
    return new PyCallable("<built-in method format of str object at 0x7f0000000000>", (args) =>
      formatBraces(text, args, access),
    );
  if (name !== "format_map") return undefined;
  return createMethod("str", name, ["mapping"], ([mapping]) => {
    if (!(mapping instanceof PyDict))
      throw new PyError("TypeError", "format_map() argument must be a mapping");
    const named = new Map([...mapping.entries()].map(([key, item]) => [textOf(key) ?? "", item] as const));
    return formatBraces(text, { positional: [], named }, access);
  });
};

/** What every object of Python has. */
const INNARDS: ReadonlySet<string> = new Set(
  "class delattr dir doc eq format ge getattribute getstate gt hash init init_subclass le lt ne new reduce reduce_ex repr setattr sizeof str subclasshook"
    .split(" ")
    .map((name) => `__${name}__`),
);

const hidden = (name: string): PyError =>
  new PyError("AttributeError", `${name} is not there: templates see no innards of Python`);

/** The class of a value, which tells its name and nothing else. */
const classOf = (value: PyValue): PyObject => {
  const name = value === null ? "NoneType" : typeName(value);
  return new PyObject({
    typeName: "type",
    get: (attribute) => {
      if (attribute === "__name__" || attribute === "__qualname__") return name;
      throw hidden(attribute);
    },
    print: () => `<class '${name}'>`,
  });
};

/**
 * What Python's `getattr` finds, undefined when it finds nothing. Python's own innards but for the name of a class are not
 * shown: they fail, for printing nothing in their place would be another text than Python's.
 */
const findAttribute = (value: PyValue, name: string): PyValue | undefined => {
  if (!(value instanceof PyUndefined) && INNARDS.has(name)) {
    if (name === "__class__") return classOf(value);
    throw hidden(name);
  }
  if (value === null) return undefined;
  const text = textOf(value);
  if (text !== null) return formatMethod(text, name) ?? stringMethod(text, name, value instanceof PyMarkup);
  if (typeof value === "bigint" || typeof value === "number" || typeof value === "boolean")
    return numberAttribute(value, name);
  if (value instanceof PyList) return listMethod(value, name);
  if (value instanceof PyTuple) {
    const at = value.names.indexOf(name);
    return at < 0 ? tupleMethod(value, name) : value.items[at];
  }
  if (value instanceof PyDict) return dictMethod(value, name);
  if (value instanceof PyCallable) return value.attributes.get(name);
  if (value instanceof PyObject) return value.get(name);
  if (value instanceof PyRange && (name === "start" || name === "stop" || name === "step"))
    return value[name];
  return undefined;
};

const objectName = (value: PyValue): string => (value === null ? "None" : `${typeName(value)} object`);

const missing = (value: PyValue, key: PyValue): PyUndefined => {
  if (value instanceof PyUndefined) throw value.fail();
  const name = textOf(key);
  return new PyUndefined(
    name === null
      ? `${objectName(value)} has no element ${repr(key)}`
      : `'${objectName(value)}' has no attribute ${repr(name)}`,
  );
};

const sequenceItem = (value: PyValue, key: PyValue): PyValue | undefined => {
  const index = integerOf(key);
  if (index === null) return undefined;
  const text = textOf(value);
  if (value instanceof PyRange) {
    const at = index < 0n ? index + value.length : index;
    return at >= 0n && at < value.length ? value.start + at * value.step : undefined;
  }
  const items =
    text === null
      ? value instanceof PyList || value instanceof PyTuple
        ? value.items
        : []
      : charactersOf(text);
  const at = Number(index);
  return items[at < 0 ? at + items.length : at];
};

const findItem = (value: PyValue, key: PyValue): PyValue | undefined =>
  value instanceof PyDict ? value.get(key) : sequenceItem(value, key);

/** Jinja2's `value.name`: the attribute, else the item, else undefined. */
export const getAttribute = (value: PyValue, name: string): PyValue =>
  firstFound(findAttribute(value, name), () => firstFound(findItem(value, name), () => missing(value, name)));

/** None is a value that was found, so `??` will not do. */
const firstFound = (found: PyValue | undefined, otherwise: () => PyValue): PyValue =>
  found === undefined ? otherwise() : found;

/** Jinja2's `value[key]`: the item, else for a text the attribute, else undefined. */
export const getItem = (value: PyValue, key: PyValue): PyValue => {
  if (value instanceof PyUndefined) throw value.fail();
  const found = findItem(value, key);
  if (found !== undefined) return found;
  const name = textOf(key);
  const attribute = name === null ? undefined : findAttribute(value, name);
  return attribute === undefined ? missing(value, key) : attribute;
};

/** The attribute alone, for the filter `attr`. */
export const getAttributeOnly = (value: PyValue, name: string): PyValue => {
  const found = findAttribute(value, name);
  return found === undefined ? missing(value, name) : found;
};

const sliceIndices = (length: number, bounds: readonly [PyValue, PyValue, PyValue]): readonly number[] => {
  const [start, stop, stride] = bounds.map((bound) => {
    if (bound === null) return null;
    const integer = integerOf(bound);
    if (integer === null)
      throw new PyError("TypeError", "slice indices must be integers or None or have an __index__ method");
    return Number(integer);
  });
  const step = stride ?? 1;
  if (step === 0) throw new PyError("ValueError", "slice step cannot be zero");
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const clamp = (at: number): number => Math.min(high, Math.max(low, at < 0 ? at + length : at));
  const from = start === null || start === undefined ? (step > 0 ? 0 : length - 1) : clamp(start);
  const to = stop === null || stop === undefined ? (step > 0 ? length : -1) : clamp(stop);
  const indices: number[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) indices.push(at);
  return indices;
};

/** Python's `value[start:stop:step]`, null for a bound that is left out. */
export const getSlice = (value: PyValue, bounds: readonly [PyValue, PyValue, PyValue]): PyValue => {
  if (value instanceof PyUndefined) throw value.fail();
  const text = textOf(value);
  if (text !== null) {
    const characters = charactersOf(text);
    const picked = sliceIndices(characters.length, bounds)
      .map((at) => characters[at] ?? "")
      .join("");
    return value instanceof PyMarkup ? new PyMarkup(picked) : picked;
  }
  if (value instanceof PyRange) {
    const length = Number(value.length);
    return new PyList(sliceIndices(length, bounds).map((at) => value.start + BigInt(at) * value.step));
  }
  if (!(value instanceof PyList || value instanceof PyTuple))
    return missing(value, "slice(None, None, None)");
  const items = sliceIndices(value.items.length, bounds).flatMap((at) => {
    const item = value.items[at];
    return item === undefined ? [] : [item];
  });
  return value instanceof PyList ? new PyList(items) : new PyTuple(items);
};
