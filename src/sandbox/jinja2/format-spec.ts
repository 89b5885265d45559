import { toExponentExact, toFixedExact, toGeneral, reprFloat } from "./exact-number.ts";
import { checkLength, str } from "./print.ts";
import { charactersOf, integerOf, textLength, textOf, typeName } from "./types.ts";
import { PyError } from "./values.ts";
import type { PyValue } from "./values.ts";

const SPEC =
  /^(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<alternate>#)?(?<zero>0)?(?<width>\d+)?(?<group>[,_])?(?:\.(?<precision>\d+))?(?<kind>[bcdeEfFgGnosxX%])?$/su;

type Spec = {
  readonly fill: string;
  readonly align: string;
  readonly sign: string;
  readonly alternate: boolean;
  readonly width: number;
  readonly group: string;
  readonly precision: number | null;
  readonly kind: string;
};

const parseSpec = (text: string): Spec => {
  const groups = SPEC.exec(text)?.groups;
  if (groups === undefined) throw new PyError("ValueError", "Invalid format specifier");
  const width = Number(groups["width"] ?? 0);
  checkLength(width);
  const zero = groups["zero"] !== undefined;
  return {
    fill: groups["fill"] ?? (zero ? "0" : " "),
    align: groups["align"] ?? (zero ? "=" : ""),
    sign: groups["sign"] ?? "-",
    alternate: groups["alternate"] !== undefined,
    width,
    group: groups["group"] ?? "",
    precision: groups["precision"] === undefined ? null : Math.min(1000, Number(groups["precision"])),
    kind: groups["kind"] ?? "",
  };
};

const groupDigits = (digits: string, group: string): string => {
  if (group === "") return digits;
  const [whole = "", ...rest] = digits.split(/(?=[.e%])/);
  return [whole.replace(/\B(?=(\d{3})+$)/g, group), ...rest].join("");
};

const pad = (prefix: string, body: string, spec: Spec, alignDefault: string): string => {
  const missing = Math.max(0, spec.width - textLength(prefix) - textLength(body));
  const align = spec.align === "" ? alignDefault : spec.align;
  if (align === "<") return prefix + body + spec.fill.repeat(missing);
  if (align === "=") return prefix + spec.fill.repeat(missing) + body;
  if (align === "^") {
    const left = Math.floor(missing / 2);
    return spec.fill.repeat(left) + prefix + body + spec.fill.repeat(missing - left);
  }
  return spec.fill.repeat(missing) + prefix + body;
};

const signed = (digits: string, spec: Spec): string => {
  const negative = digits.startsWith("-");
  const sign = negative ? "-" : spec.sign === "-" ? "" : spec.sign;
  return pad(sign, groupDigits(negative ? digits.slice(1) : digits, spec.group), spec, ">");
};

const formatFloat = (value: number, spec: Spec): string => {
  const { kind, precision } = spec;
  const lower = kind.toLowerCase();
  const digits = (() => {
    if (lower === "f") return toFixedExact(value, precision ?? 6);
    if (lower === "e") return toExponentExact(value, precision ?? 6);
    if (kind === "%") return `${toFixedExact(value * 100, precision ?? 6)}%`;
    if (lower === "g" || lower === "n") return toGeneral(value, precision ?? 6, spec.alternate);
    if (precision === null) return reprFloat(value);
    const general = toGeneral(value, precision, false);
    return /[.e]/.test(general) ? general : `${general}.0`;
  })();
  return signed(kind !== "" && kind === kind.toUpperCase() ? digits.toUpperCase() : digits, spec);
};

const RADIX: Readonly<Record<string, readonly [number, string]>> = {
  b: [2, "0b"],
  o: [8, "0o"],
  x: [16, "0x"],
  X: [16, "0X"],
};

const formatInteger = (value: bigint, spec: Spec): string => {
  if (/^[eEfFgG%]$/.test(spec.kind)) return formatFloat(Number(value), spec);
  if (spec.kind === "c") return pad("", String.fromCodePoint(Number(value)), spec, "<");
  const [radix, prefix] = RADIX[spec.kind] ?? [10, ""];
  const digits = value.toString(radix);
  if (!spec.alternate) return signed(spec.kind === "X" ? digits.toUpperCase() : digits, spec);
  const sign = value < 0n ? "-" : spec.sign === "-" ? "" : spec.sign;
  return pad(sign + prefix, digits.replace("-", ""), spec, ">");
};

/** Python's `format(value, spec)`. Throws the ValueError or TypeError that Python throws. */
export const formatWithSpec = (value: PyValue, specText: string): string => {
  if (specText === "") return str(value);
  const spec = parseSpec(specText);
  if (typeof value === "number") return formatFloat(value, spec);
  const integer = integerOf(value);
  if (integer !== null) return formatInteger(integer, spec);
  const text = textOf(value);
  if (text === null)
    throw new PyError("TypeError", `unsupported format string passed to ${typeName(value)}.__format__`);
  if (spec.kind !== "" && spec.kind !== "s")
    throw new PyError("ValueError", `Unknown format code '${spec.kind}' for object of type 'str'`);
  return pad(
    "",
    spec.precision === null ? text : charactersOf(text).slice(0, spec.precision).join(""),
    spec,
    "<",
  );
};
