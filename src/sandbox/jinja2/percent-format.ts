import { toExponentExact, toFixedExact, toGeneral } from "./exact-number.ts";
import { checkLength, repr, str } from "./print.ts";
import { charactersOf, integerOf, numberOf, textLength, typeName } from "./types.ts";
import { PyDict, PyError, PyMarkup, PyTuple, PyUndefined } from "./values.ts";
import type { PyValue } from "./values.ts";

const DIRECTIVE =
  /%(?:\((?<key>[^)]*)\))?(?<flags>[-+ #0]*)(?<width>\*|\d+)?(?:\.(?<precision>\*|\d+)?)?[hlL]?(?<kind>.)/gsu;

type Directive = {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | null;
  readonly kind: string;
};

const MAX_PRECISION = 1000;

const toInteger = (value: PyValue, kind: string): bigint => {
  const integer = integerOf(value);
  if (integer !== null) return integer;
  if (typeof value === "number" && /[diu]/.test(kind)) return BigInt(Math.trunc(value));
  if (value instanceof PyUndefined) throw value.fail();
  throw new PyError(
    "TypeError",
    /[diu]/.test(kind)
      ? `%${kind} format: a real number is required, not ${typeName(value)}`
      : `%${kind} format: an integer is required, not ${typeName(value)}`,
  );
};

const RADIX: Readonly<Record<string, readonly [number, string]>> = {
  x: [16, "0x"],
  X: [16, "0X"],
  o: [8, "0o"],
};

const integerDigits = (value: bigint, directive: Directive): string => {
  const [radix, prefix] = RADIX[directive.kind] ?? [10, ""];
  const digits = (value < 0n ? -value : value).toString(radix).padStart(directive.precision ?? 0, "0");
  const shown = directive.kind === "X" ? digits.toUpperCase() : digits;
  return (value < 0n ? "-" : "") + (directive.flags.includes("#") ? prefix : "") + shown;
};

const floatDigits = (value: PyValue, directive: Directive): string => {
  if (value instanceof PyUndefined) throw value.fail();
  const number = numberOf(value);
  if (number === null) throw new PyError("TypeError", `must be real number, not ${typeName(value)}`);
  const precision = Math.min(directive.precision ?? 6, MAX_PRECISION);
  const kind = directive.kind.toLowerCase();
  const digits =
    kind === "f"
      ? toFixedExact(number, precision)
      : kind === "e"
        ? toExponentExact(number, precision)
        : toGeneral(number, precision, directive.flags.includes("#"));
  return directive.kind === kind ? digits : digits.toUpperCase();
};

const padNumber = (digits: string, { flags, width }: Directive): string => {
  const sign = digits.startsWith("-") ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const bare = digits.replace(/^-/, "");
  if (flags.includes("-")) return (sign + bare).padEnd(width);
  if (flags.includes("0")) return sign + bare.padStart(width - sign.length, "0");
  return (sign + bare).padStart(width);
};

const formatText = (text: string, { flags, width, precision }: Directive): string => {
  const characters = charactersOf(text);
  const cut = precision === null ? text : characters.slice(0, precision).join("");
  const missing = " ".repeat(Math.max(0, width - (precision === null ? characters.length : textLength(cut))));
  return flags.includes("-") ? cut + missing : missing + cut;
};

const formatOne = (value: PyValue, directive: Directive): string => {
  const { kind } = directive;
  if (kind === "s") return formatText(str(value), directive);
  if (kind === "r" || kind === "a") return formatText(repr(value), directive);
  if (kind === "c") {
    const code = integerOf(value);
    return formatText(code === null ? str(value) : String.fromCodePoint(Number(code)), directive);
  }
  if (/^[diuxXo]$/.test(kind)) return padNumber(integerDigits(toInteger(value, kind), directive), directive);
  if (/^[feEgFG]$/.test(kind)) return padNumber(floatDigits(value, directive), directive);
  throw new PyError(
    "ValueError",
    `unsupported format character '${kind}' (0x${kind.charCodeAt(0).toString(16)})`,
  );
};

/** The values that the directives take, in their order. */
const createQueue = (value: PyValue): { readonly take: () => PyValue; readonly allTaken: () => boolean } => {
  const queue: readonly PyValue[] = value instanceof PyTuple ? value.items : [value];
  const isMapping =
    typeof value === "object" && value !== null && !(value instanceof PyTuple || value instanceof PyMarkup);
  let used = 0;
  return {
    take: () => {
      const next = queue[used];
      if (next === undefined) throw new PyError("TypeError", "not enough arguments for format string");
      used += 1;
      return next;
    },
    allTaken: () => isMapping || used >= queue.length,
  };
};

const byKey = (mapping: PyValue, key: string): PyValue => {
  if (!(mapping instanceof PyDict)) throw new PyError("TypeError", "format requires a mapping");
  const found = mapping.get(key);
  if (found === undefined) throw new PyError("KeyError", repr(key));
  return found;
};

/** Python's `text % value`. */
export const formatPercent = (text: string, value: PyValue): string => {
  const queue = createQueue(value);
  const sizeOf = (part: string | undefined): number | null =>
    part === undefined ? null : part === "*" ? Number(integerOf(queue.take()) ?? 0n) : Number(part);
  let result = "";
  let from = 0;
  for (const match of text.matchAll(DIRECTIVE)) {
    const { key, flags = "", width, precision, kind = "" } = match.groups ?? {};
    result += text.slice(from, match.index);
    from = match.index + match[0].length;
    if (kind === "%") result += "%";
    else {
      const directive: Directive = {
        flags,
        width: sizeOf(width) ?? 0,
        precision: match[0].replace(/^%\([^)]*\)/, "").includes(".") ? (sizeOf(precision) ?? 0) : null,
        kind,
      };
      checkLength(directive.width);
      result += formatOne(key === undefined ? queue.take() : byKey(value, key), directive);
    }
  }
  if (!queue.allTaken())
    throw new PyError("TypeError", "not all arguments converted during string formatting");
  return result + text.slice(from);
};
