import { syntaxError } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import type { PyError } from "./values.ts";

/** Tokens, one after another. */
export type TokenStream = {
  readonly current: () => Token;
  readonly peek: () => Token;
  readonly next: () => Token;
  /** Whether the current token is an operator or name of this text. */
  readonly is: (text: string) => boolean;
  /** Goes past the token of this text; false when the current one is another. */
  readonly skip: (text: string) => boolean;
  /** Goes past the token of this text; throws when the current one is another. */
  readonly expect: (text: string) => Token;
  readonly expectName: () => string;
  readonly expectEnd: () => void;
  /** The names of the tags that are open, the innermost last. */
  readonly openTags: string[];
  readonly fail: (message: string) => PyError;
};

/** How a message names a token. */
export const describeToken = (token: Token): string => {
  if (token.kind === "end")
    return token.text === "block" ? "end of statement block" : "end of print statement";
  return token.kind === "eof" ? "end of template" : token.text;
};

/** A stream over the tokens of a template, which end with `eof`. */
export const createTokenStream = (tokens: readonly Token[]): TokenStream => {
  const eof: Token = tokens.at(-1) ?? { kind: "eof", text: "", line: 1 };
  let at = 0;
  const current = (): Token => tokens[at] ?? eof;
  const fail = (message: string): PyError => syntaxError(message, current().line);
  const next = (): Token => {
    const token = current();
    at += 1;
    return token;
  };
  const is = (text: string): boolean => {
    const { kind, text: found } = current();
    return (kind === "operator" || kind === "name") && found === text;
  };
  return {
    openTags: [],
    current,
    peek: () => tokens[at + 1] ?? eof,
    next,
    is,
    skip: (text) => {
      if (!is(text)) return false;
      at += 1;
      return true;
    },
    expect: (text) => {
      if (!is(text)) throw fail(`expected token '${text}', got '${describeToken(current())}'`);
      return next();
    },
    expectName: () => {
      if (current().kind !== "name") throw fail(`expected token 'name', got '${describeToken(current())}'`);
      return next().text;
    },
    expectEnd: () => {
      if (current().kind !== "end")
        throw fail(`expected token 'end of statement block', got '${describeToken(current())}'`);
      at += 1;
    },
    fail,
  };
};
