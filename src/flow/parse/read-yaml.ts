import { FAILSAFE_SCHEMA, load, Type, YAMLException } from "js-yaml";
import { describeError } from "../../base/errors.ts";
import { separateExact, WholeFloat } from "../exact.ts";
import { type FlowMessage, flowMessage } from "../messages/message.ts";
import { NodeError } from "../node-error.ts";

/**
 * The plain scalars of PyYAML, which writes and reads Dify's files by YAML 1.1: what it does not take for a number stands
 * without quotes (`08012345678`, the beginning `7e12345` of a commit's hash), what it does take for one is quoted where a
 * text is meant. Sources of the patterns: PyYAML's documentation, "YAML tags and Python types", and YAML 1.1's types.
 */
const NULLS: ReadonlySet<string> = new Set(["", "~", "null", "Null", "NULL"]);
const TRUTHS: ReadonlySet<string> = new Set("yes Yes YES true True TRUE on On ON".split(" "));
const FALSEHOODS: ReadonlySet<string> = new Set("no No NO false False FALSE off Off OFF".split(" "));
const INTEGER = /^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])*)$/;
const FLOAT =
  /^(?:[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN))$/;

/** The value of digits in groups of sixty, as in `1:30`. */
const ofSixties = (text: string): number =>
  text.split(":").reduce((sum, group) => sum * 60 + Number(group), 0);

const signed = (text: string): readonly [sign: 1 | -1, digits: string] => {
  const digits = text.replaceAll("_", "");
  return [digits.startsWith("-") ? -1 : 1, digits.replace(/^[-+]/, "")];
};

const integerOf = (text: string): number | bigint => {
  const [sign, digits] = signed(text);
  if (digits.includes(":")) return sign * ofSixties(digits);
  const isOctal = /^0[0-7]+$/.test(digits);
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits) * BigInt(sign);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
};

const floatOf = (text: string): number | WholeFloat => {
  const [sign, digits] = signed(text.toLowerCase());
  const read = (): number => {
    if (digits.endsWith("inf")) return Infinity;
    if (digits.endsWith("nan")) return Number.NaN;
    return digits.includes(":") ? ofSixties(digits) : Number(digits);
  };
  const value = sign * read();
  return Number.isInteger(value) ? new WholeFloat(value) : value;
};

const scalar = (
  tag: string,
  resolve: (text: string) => boolean,
  construct: (text: string) => unknown,
): Type =>
  new Type(`tag:yaml.org,2002:${tag}`, {
    kind: "scalar",
    resolve: (text: string | null) => resolve(text ?? ""),
    construct: (text: string | null) => construct(text ?? ""),
  });

const SCHEMA = FAILSAFE_SCHEMA.extend({
  implicit: [
    scalar(
      "null",
      (text) => NULLS.has(text),
      () => null,
    ),
    scalar(
      "bool",
      (text) => TRUTHS.has(text) || FALSEHOODS.has(text),
      (text) => TRUTHS.has(text),
    ),
    scalar("int", (text) => INTEGER.test(text) && !/^[-+]?0[bx]_*$/.test(text), integerOf),
    scalar("float", (text) => FLOAT.test(text), floatOf),
    new Type("tag:yaml.org,2002:merge", { kind: "scalar", resolve: (text) => text === "<<" }),
  ],
});

/** A file of the longest size that is read has fewer values; aliases could make any number of them. */
const MOST_VALUES = 5_000_000;

/** What reading YAML gave: a value, or the one mistake at which it ends. */
export type YamlReading =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string | FlowMessage };

const describeMistake = (error: unknown): string | FlowMessage => {
  if (error instanceof NodeError) return error.what;
  const reason = error instanceof YAMLException ? error.reason : describeError(error);
  if (/^nesting exceeded|call stack/i.test(reason)) return flowMessage("flow.file.yaml-too-deep");
  if (!(error instanceof YAMLException)) return reason;
  const { line, column } = error.mark;
  return flowMessage("flow.file.yaml-at", { reason, line: line + 1, column: column + 1 });
};

/**
 * Reads the YAML of an export as PyYAML does, leniently indented quoted texts and repeated keys (the last wins) included.
 * Whole floats and long integers keep what they are, see `exactAt`.
 */
export const readYaml = (text: string): YamlReading => {
  try {
    const value: unknown = load(text, { schema: SCHEMA, json: true });
    separateExact(value, MOST_VALUES);
    return { ok: true, value };
  } catch (error) {
    return { ok: false, reason: describeMistake(error) };
  }
};
