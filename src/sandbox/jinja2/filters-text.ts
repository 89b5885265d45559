import type { Filter } from "./environment.ts";
import { createFilter, flag, likeInput, textArgument } from "./filter-parts.ts";
import { formatPercent } from "./percent-format.ts";
import { checkLength, escapeHtml, repr, str } from "./print.ts";
import { capitalize, center, replace, splitLines, strip } from "./text-shape.ts";
import { expectInteger, isTrue, charactersOf, integerOf, numberOf, textLength } from "./types.ts";
import { PyDict, PyError, PyMarkup, PyTuple, PyUndefined } from "./values.ts";
import type { PyValue } from "./values.ts";
import { wrapLine } from "./wrap-text.ts";

/** Jinja2's `title`, which splits at blanks, hyphens and opening brackets, not at every non-letter. */
const title = (value: PyValue): PyValue =>
  str(value)
    .split(/([-\s({[<]+)/u)
    .map(capitalize)
    .join("");

const truncate = createFilter(
  "truncate",
  ["length", "killwords", "end", "leeway"],
  (value, [length, kill, end, leeway]) => {
    const text = str(value);
    const size = expectInteger(length, 255);
    const tail = textArgument(end, "...");
    const tailLength = textLength(tail);
    if (size < tailLength)
      throw new PyError("AssertionError", `expected length >= ${tailLength}, got ${size}`);
    const slack = leeway === null ? 5 : expectInteger(leeway, 5);
    const characters = charactersOf(text);
    if (characters.length <= size + slack) return value;
    const cut = characters.slice(0, size - tailLength).join("");
    if (flag(kill, false)) return cut + tail;
    const blank = cut.lastIndexOf(" ");
    return (blank < 0 ? cut : cut.slice(0, blank)) + tail;
  },
);

const indent = createFilter("indent", ["width", "first", "blank"], (value, [width, first, blank]) => {
  const size = integerOf(width);
  const indention =
    width === undefined ? "    " : size === null ? str(width) : " ".repeat(Math.max(0, Number(size)));
  // Jinja2 adds a newline first, so that a text that ends with one keeps it.
  const [head = "", ...rest] = splitLines(`${str(value)}\n`);
  const lines = rest.map((line) => (line !== "" || flag(blank, false) ? indention + line : line));
  checkLength((lines.length + 1) * indention.length);
  return likeInput(value, (flag(first, false) ? indention : "") + [head, ...lines].join("\n"));
});

const wordwrap = createFilter(
  "wordwrap",
  ["width", "break_long_words", "wrapstring", "break_on_hyphens"],
  (value, [width, breakLong, wrapString, breakHyphens]) => {
    const wrapping = {
      width: expectInteger(width, 79),
      breakLongWords: flag(breakLong, true),
      breakOnHyphens: flag(breakHyphens, true),
    };
    if (wrapping.width <= 0) throw new PyError("ValueError", `invalid width ${wrapping.width} (must be > 0)`);
    const separator = wrapString === undefined || wrapString === null ? "\n" : str(wrapString);
    return splitLines(str(value))
      .map((line) => wrapLine(line, wrapping).join(separator))
      .join(separator);
  },
);

const format: Filter = (value, { positional, named }) => {
  if (positional.length > 0 && named.size > 0)
    throw new PyError(
      "FilterArgumentError",
      "can't handle positional and keyword arguments at the same time",
    );
  return formatPercent(str(value), named.size > 0 ? new PyDict(named) : new PyTuple(positional));
};

const replaceFilter = createFilter("replace", ["old", "new", "count"], (value, [old, fresh, count]) => {
  const limit = count === undefined || count === null ? -1 : expectInteger(count, -1);
  const result = replace(str(value), textArgument(old, ""), textArgument(fresh, ""), limit);
  checkLength(result.length);
  return likeInput(value, result);
});

const UNITS = ["k", "M", "G", "T", "P", "E", "Z", "Y"];

const fileSize = createFilter("filesizeformat", ["binary"], (value, [binary]) => {
  const bytes = numberOf(value) ?? Number(str(value));
  if (Number.isNaN(bytes))
    throw new PyError("ValueError", `could not convert string to float: ${repr(value)}`);
  const isBinary = flag(binary, false);
  const base = isBinary ? 1024 : 1000;
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const power = UNITS.findIndex((_unit, at) => bytes < base ** (at + 2));
  const at = power < 0 ? UNITS.length - 1 : power;
  const unit = UNITS[at] ?? "";
  return formatPercent(`%.1f ${isBinary ? `${unit.toUpperCase()}iB` : `${unit}B`}`, bytes / base ** (at + 1));
});

const fallbackTo = createFilter("default", ["default_value", "boolean"], (value, [fallback, boolean]) =>
  value instanceof PyUndefined || (flag(boolean, false) && !isTrue(value))
    ? fallback === undefined
      ? ""
      : fallback
    : value,
);

const escape = (value: PyValue): PyValue =>
  value instanceof PyMarkup ? value : new PyMarkup(escapeHtml(str(value)));

/** Filters over texts. */
export const TEXT_FILTERS: Readonly<Record<string, Filter>> = {
  capitalize: (value) => capitalize(str(value)),
  center: createFilter("center", ["width"], (value, [width]) => {
    const size = expectInteger(width, 80);
    checkLength(size);
    return likeInput(value, center(str(value), size, " "));
  }),
  d: fallbackTo,
  default: fallbackTo,
  e: escape,
  escape,
  filesizeformat: fileSize,
  forceescape: (value) => new PyMarkup(escapeHtml(str(value))),
  format,
  indent,
  lower: (value) => likeInput(value, str(value).toLowerCase()),
  replace: replaceFilter,
  safe: (value) => new PyMarkup(str(value)),
  string: (value) => (value instanceof PyMarkup ? value : str(value)),
  title,
  trim: createFilter("trim", ["chars"], (value, [characters]) =>
    likeInput(
      value,
      strip(str(value), characters === undefined || characters === null ? null : str(characters), "both"),
    ),
  ),
  truncate,
  upper: (value) => likeInput(value, str(value).toUpperCase()),
  wordcount: (value) => BigInt(str(value).match(/[\p{L}\p{N}\p{M}_]+/gu)?.length ?? 0),
  wordwrap,
};
