/** A positive finite float as the exact fraction `numerator / denominator`. */
const exactFraction = (value: number): readonly [numerator: bigint, denominator: bigint] => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const mantissa = (bits & 0xfffffffffffffn) + (field === 0 ? 0n : 1n << 52n);
  const exponent = (field === 0 ? 1 : field) - 1075;
  return exponent >= 0 ? [mantissa << BigInt(exponent), 1n] : [mantissa, 1n << BigInt(-exponent)];
};

/** Divides and rounds to the nearest integer, ties to even, as Python rounds. */
const divideHalfEven = (numerator: bigint, denominator: bigint): bigint => {
  const quotient = numerator / denominator;
  const twice = (numerator - quotient * denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) return quotient + 1n;
  return quotient;
};

/** A float with `digits` decimals, rounded as Python's `%.Nf` does: exactly, ties to even. */
export const toFixedExact = (value: number, digits: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [numerator, denominator] = exactFraction(Math.abs(value));
  const scaled = divideHalfEven(numerator * 10n ** BigInt(digits), denominator)
    .toString()
    .padStart(digits + 1, "0");
  if (digits === 0) return sign + scaled;
  return `${sign}${scaled.slice(0, -digits)}.${scaled.slice(-digits)}`;
};

/** A float in `d.ddde+XX` form, rounded as Python's `%.Ne` does. */
export const toExponentExact = (value: number, digits: number): string => {
  if (!Number.isFinite(value)) return toFixedExact(value, 0);
  const [mantissa = "", exponent = "0"] = value.toExponential(Math.min(digits, 100)).split("e");
  const power = Number(exponent);
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
};

const trimZeros = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** A float with `digits` significant digits in the shorter form, as Python's `%.Ng` does. */
export const toGeneral = (value: number, digits: number, keepZeros: boolean): string => {
  if (!Number.isFinite(value)) return toFixedExact(value, 0);
  const precision = Math.max(1, digits);
  const [mantissa = "0", exponent = "+00"] = toExponentExact(value, precision - 1).split("e");
  const power = value === 0 ? 0 : Number(exponent);
  const clean = keepZeros ? (text: string) => text : trimZeros;
  if (power < -4 || power >= precision) return `${clean(mantissa)}e${exponent}`;
  return clean(toFixedExact(value, precision - 1 - power));
};

/** Python's `repr` of a float: the shortest digits that read back, always with a point or an exponent. */
export const reprFloat = (value: number): string => {
  if (!Number.isFinite(value)) return toFixedExact(value, 0);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16)
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  const text = exponent >= 0 ? BigInt(Math.trunc(value)).toString() : "";
  const plain = String(value);
  if (text === plain) return `${plain}.0`;
  return plain.includes("e") ? value.toFixed(-exponent + mantissa.replace(/[-.]/g, "").length - 1) : plain;
};

/** Python's `round(value, digits)` of a float. */
export const roundFloat = (value: number, digits: number): number => {
  if (!Number.isFinite(value)) return value;
  if (digits >= 0) return digits > 300 ? value : Number(toFixedExact(value, digits));
  const unit = 10n ** BigInt(Math.min(-digits, 400));
  const [numerator, denominator] = exactFraction(Math.abs(value));
  return Math.sign(value) * Number(divideHalfEven(numerator, denominator * unit) * unit);
};
