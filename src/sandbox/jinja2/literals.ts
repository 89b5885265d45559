import { syntaxError } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import type { PyValue } from "./values.ts";

const SIMPLE: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\u0007",
  b: "\b",
  f: "\f",
  v: "\v",
  "\n": "",
};

const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/gu;

/** The text of a string literal with its quotes: Python's escapes. */
const readString = (token: Token): string =>
  token.text
    .slice(1, -1)
    .replace(
      ESCAPE,
      (whole: string, x?: string, u?: string, long?: string, octal?: string, char?: string) => {
        const hex = x ?? u ?? long;
        if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
        if (hex === undefined) return SIMPLE[char ?? ""] ?? whole;
        const code = Number.parseInt(hex, 16);
        if (code > 0x10ffff) throw syntaxError("illegal Unicode character", token.line);
        return String.fromCodePoint(code);
      },
    );

/** The value of a literal token, undefined when the token is none. */
export const literalOf = (token: Token): PyValue | undefined => {
  if (token.kind === "string") return readString(token);
  if (token.kind === "integer") return BigInt(token.text.replaceAll("_", ""));
  if (token.kind === "float") return Number(token.text.replaceAll("_", ""));
  if (token.kind !== "name") return undefined;
  if (token.text === "true" || token.text === "True") return true;
  if (token.text === "false" || token.text === "False") return false;
  return token.text === "none" || token.text === "None" ? null : undefined;
};
