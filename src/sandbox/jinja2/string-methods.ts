import { createMethod, required } from "./arguments.ts";
import type { BoundArguments } from "./arguments.ts";
import { checkLength } from "./print.ts";
import {
  TEXT_TESTS,
  capitalize,
  center,
  expandTabs,
  replace,
  split,
  splitFromRight,
  splitLines,
  strip,
  titleWords,
} from "./text-shape.ts";
import {
  charactersOf,
  expectInteger,
  integerOf,
  isTrue,
  iterate,
  textLength,
  textOf,
  typeName,
} from "./types.ts";
import { PyError, PyList, PyMarkup, PyTuple, PyUndefined } from "./values.ts";
import type { PyValue } from "./values.ts";

type StringMethod = readonly [
  names: readonly string[],
  body: (text: string, args: BoundArguments) => PyValue,
];

const expectText = (value: PyValue | undefined, name: string): string => {
  const text = textOf(value);
  if (text !== null) return text;
  if (value instanceof PyUndefined) throw value.fail();
  throw new PyError(
    "TypeError",
    `${name}() argument must be str, not ${value === undefined ? "missing" : typeName(value)}`,
  );
};

const orNull = (value: PyValue | undefined, name: string): string | null =>
  value === undefined || value === null ? null : expectText(value, name);

/** The part between optional start and end, as `find` and `count` take them. */
const sliceOf = (
  text: string,
  start: PyValue | undefined,
  end: PyValue | undefined,
): readonly [string, number] => {
  const characters = charactersOf(text);
  const bound = (value: PyValue | undefined, fallback: number): number => {
    const integer = integerOf(value);
    if (integer === null) return fallback;
    const at = Number(integer);
    return at < 0 ? Math.max(0, at + characters.length) : at;
  };
  const from = bound(start, 0);
  return [characters.slice(from, bound(end, characters.length)).join(""), from];
};

const finder =
  (fromRight: boolean, strict: boolean): StringMethod[1] =>
  (text, [sub, start, end]) => {
    const [part, from] = sliceOf(text, start, end);
    const wanted = expectText(sub, "find");
    const at = fromRight ? part.lastIndexOf(wanted) : part.indexOf(wanted);
    if (at >= 0) return BigInt(from + textLength(part.slice(0, at)));
    if (strict) throw new PyError("ValueError", "substring not found");
    return -1n;
  };

const affixTest =
  (test: (text: string, affix: string) => boolean): StringMethod[1] =>
  (text, [affix, start, end]) => {
    const [part] = sliceOf(text, start, end);
    const affixes = affix instanceof PyTuple ? affix.items : [affix];
    return affixes.some((one) => test(part, expectText(one, "startswith")));
  };

const padder =
  (pad: (text: string, width: number, fill: string) => string): StringMethod[1] =>
  (text, [width, fill]) => {
    const wanted = expectInteger(width, 0);
    checkLength(wanted);
    return pad(text, wanted, fill === undefined ? " " : expectText(fill, "fill"));
  };

const padCount = (text: string, width: number): number => Math.max(0, width - textLength(text));

const partitioner =
  (fromRight: boolean): StringMethod[1] =>
  (text, [separator]) => {
    const sep = expectText(separator, "partition");
    if (sep === "") throw new PyError("ValueError", "empty separator");
    const at = fromRight ? text.lastIndexOf(sep) : text.indexOf(sep);
    if (at < 0) return new PyTuple(fromRight ? ["", "", text] : [text, "", ""]);
    return new PyTuple([text.slice(0, at), sep, text.slice(at + sep.length)]);
  };

const splitter =
  (body: (text: string, separator: string | null, limit: number) => readonly string[]): StringMethod[1] =>
  (text, [separator, limit]) => {
    const sep = orNull(separator, "split");
    if (sep === "") throw new PyError("ValueError", "empty separator");
    return new PyList([...body(text, sep, expectInteger(limit, -1))]);
  };

const join = (text: string, [items]: BoundArguments): PyValue => {
  const parts = [...iterate(required("join", "iterable", items))].map((item, at) => {
    const part = textOf(item);
    if (part !== null) return part;
    throw new PyError("TypeError", `sequence item ${at}: expected str instance, ${typeName(item)} found`);
  });
  const joined = parts.join(text);
  checkLength(joined.length);
  return joined;
};

const zfill = (text: string, [width]: BoundArguments): PyValue => {
  const sign = /^[+-]/.test(text) ? text.slice(0, 1) : "";
  const wanted = expectInteger(width, 0);
  checkLength(wanted);
  return sign + "0".repeat(padCount(text, wanted)) + text.slice(sign.length);
};

const swapCase = (text: string): string =>
  charactersOf(text)
    .map((char) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase()))
    .join("");

const replaceWith = (text: string, [from, to, count]: BoundArguments): PyValue => {
  const [old, fresh] = [expectText(from, "replace"), expectText(to, "replace")];
  const result = replace(text, old, fresh, expectInteger(count, -1));
  checkLength(result.length);
  return result;
};

const range = ["sub", "start", "end"];

const METHODS: Readonly<Record<string, StringMethod>> = {
  capitalize: [[], capitalize],
  casefold: [[], (text) => text.toLowerCase().replaceAll("ß", "ss")],
  center: [["width", "fillchar"], padder(center)],
  count: [
    range,
    (text, [sub, start, end]) => {
      const [part] = sliceOf(text, start, end);
      const wanted = expectText(sub, "count");
      return BigInt(wanted === "" ? textLength(part) + 1 : part.split(wanted).length - 1);
    },
  ],
  endswith: [range, affixTest((text, affix) => text.endsWith(affix))],
  expandtabs: [["tabsize"], (text, [size]) => expandTabs(text, Math.min(1000, expectInteger(size, 8)))],
  find: [range, finder(false, false)],
  index: [range, finder(false, true)],
  join: [["iterable"], join],
  ljust: [["width", "fillchar"], padder((text, width, fill) => text + fill.repeat(padCount(text, width)))],
  lower: [[], (text) => text.toLowerCase()],
  lstrip: [["chars"], (text, [chars]) => strip(text, orNull(chars, "lstrip"), "left")],
  partition: [["sep"], partitioner(false)],
  removeprefix: [
    ["prefix"],
    (text, [prefix]) => {
      const affix = expectText(prefix, "removeprefix");
      return text.startsWith(affix) ? text.slice(affix.length) : text;
    },
  ],
  removesuffix: [
    ["suffix"],
    (text, [suffix]) => {
      const affix = expectText(suffix, "removesuffix");
      return affix !== "" && text.endsWith(affix) ? text.slice(0, -affix.length) : text;
    },
  ],
  replace: [["old", "new", "count"], replaceWith],
  rfind: [range, finder(true, false)],
  rindex: [range, finder(true, true)],
  rjust: [["width", "fillchar"], padder((text, width, fill) => fill.repeat(padCount(text, width)) + text)],
  rpartition: [["sep"], partitioner(true)],
  rsplit: [["sep", "maxsplit"], splitter(splitFromRight)],
  rstrip: [["chars"], (text, [chars]) => strip(text, orNull(chars, "rstrip"), "right")],
  split: [["sep", "maxsplit"], splitter(split)],
  splitlines: [
    ["keepends"],
    (text, [keep]) => new PyList([...splitLines(text, keep !== undefined && isTrue(keep))]),
  ],
  startswith: [range, affixTest((text, affix) => text.startsWith(affix))],
  strip: [["chars"], (text, [chars]) => strip(text, orNull(chars, "strip"), "both")],
  swapcase: [[], swapCase],
  title: [[], titleWords],
  upper: [[], (text) => text.toUpperCase()],
  zfill: [["width"], zfill],
};

/** The method of a text, bound; undefined when Python has none of that name. */
export const stringMethod = (text: string, name: string, isMarkup: boolean): PyValue | undefined => {
  const mark = (value: PyValue): PyValue =>
    isMarkup && typeof value === "string" ? new PyMarkup(value) : value;
  const test = Object.hasOwn(TEXT_TESTS, name) ? TEXT_TESTS[name] : undefined;
  if (test !== undefined) return createMethod("str", name, [], () => test(text));
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  return method === undefined
    ? undefined
    : createMethod("str", name, method[0], (args) => mark(method[1](text, args)));
};
