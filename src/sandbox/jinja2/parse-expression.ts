import type { ArgumentsNode, CompareSign, Expression } from "./ast.ts";
import { literalOf } from "./literals.ts";
import type { ArithmeticSign } from "./operators.ts";
import { describeToken } from "./token-stream.ts";
import { textOf } from "./types.ts";
import type { TokenStream } from "./token-stream.ts";

const NO_ARGUMENTS: ArgumentsNode = { positional: [], named: [], star: null, doubleStar: null };
const COMPARISONS = ["==", "!=", "<", "<=", ">", ">="] as const satisfies readonly CompareSign[];
const SUMS = ["+", "-"] as const satisfies readonly ArithmeticSign[];
const PRODUCTS = ["*", "/", "//", "%"] as const satisfies readonly ArithmeticSign[];

const oneOf = <T extends string>(stream: TokenStream, signs: readonly T[]): T | undefined => {
  const { kind, text } = stream.current();
  return kind === "operator" ? signs.find((sign) => sign === text) : undefined;
};

/** Reads one expression, with the precedences of Jinja2: `+` binds looser than `~`. */
export const parseExpression = (stream: TokenStream): Expression => {
  let value = parseOr(stream);
  while (stream.is("if")) {
    const { line } = stream.next();
    const test = parseOr(stream);
    value = {
      kind: "conditional",
      test,
      yes: value,
      no: stream.skip("else") ? parseExpression(stream) : null,
      line,
    };
  }
  return value;
};

const parseOr = (stream: TokenStream): Expression => {
  let left = parseAnd(stream);
  while (stream.skip("or")) left = { kind: "or", left, right: parseAnd(stream) };
  return left;
};

const parseAnd = (stream: TokenStream): Expression => {
  let left = parseNot(stream);
  while (stream.skip("and")) left = { kind: "and", left, right: parseNot(stream) };
  return left;
};

const parseNot = (stream: TokenStream): Expression =>
  stream.skip("not") ? { kind: "not", operand: parseNot(stream) } : parseCompare(stream);

const compareSign = (stream: TokenStream): CompareSign | undefined => {
  const sign = oneOf(stream, COMPARISONS);
  if (sign !== undefined) {
    stream.next();
    return sign;
  }
  if (stream.skip("in")) return "in";
  if (!stream.is("not") || stream.peek().text !== "in") return undefined;
  stream.next();
  stream.next();
  return "not in";
};

const parseCompare = (stream: TokenStream): Expression => {
  const first = parseSum(stream);
  const rest: (readonly [CompareSign, Expression])[] = [];
  for (let sign = compareSign(stream); sign !== undefined; sign = compareSign(stream))
    rest.push([sign, parseSum(stream)]);
  return rest.length === 0 ? first : { kind: "compare", first, rest };
};

const parseLeft = (
  stream: TokenStream,
  signs: readonly ArithmeticSign[],
  parsePart: (stream: TokenStream) => Expression,
): Expression => {
  let left = parsePart(stream);
  for (let sign = oneOf(stream, signs); sign !== undefined; sign = oneOf(stream, signs)) {
    stream.next();
    left = { kind: "arithmetic", sign, left, right: parsePart(stream) };
  }
  return left;
};

const parseSum = (stream: TokenStream): Expression => parseLeft(stream, SUMS, parseConcat);

const parseConcat = (stream: TokenStream): Expression => {
  const items = [parseProduct(stream)];
  while (stream.skip("~")) items.push(parseProduct(stream));
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { kind: "concat", items };
};

const parseProduct = (stream: TokenStream): Expression =>
  parseLeft(stream, PRODUCTS, (inner) => parseLeft(inner, ["**"], (part) => parseUnary(part, true)));

const parseUnary = (stream: TokenStream, withFilter: boolean): Expression => {
  const sign = oneOf(stream, ["-", "+"] as const);
  if (sign !== undefined) stream.next();
  const value: Expression =
    sign === undefined ? parsePrimary(stream) : { kind: "sign", sign, operand: parseUnary(stream, false) };
  const postfixed = parsePostfix(stream, value);
  return withFilter ? parseFilters(stream, postfixed) : postfixed;
};

const parsePrimary = (stream: TokenStream): Expression => {
  const token = stream.current();
  const literal = literalOf(token);
  if (literal !== undefined) {
    stream.next();
    if (typeof literal !== "string") return { kind: "constant", value: literal };
    let text = literal;
    while (stream.current().kind === "string") text += textOf(literalOf(stream.next())) ?? "";
    return { kind: "constant", value: text };
  }
  if (token.kind === "name") return { kind: "name", name: stream.next().text };
  if (stream.skip("(")) return parseParenthesis(stream);
  if (stream.skip("[")) return { kind: "list", items: parseItems(stream, "]") };
  if (stream.skip("{")) return parseDict(stream);
  throw stream.fail(`unexpected '${describeToken(token)}'`);
};

const parseItems = (stream: TokenStream, closer: string): readonly Expression[] => {
  const items: Expression[] = [];
  while (!stream.skip(closer)) {
    if (items.length > 0) stream.expect(",");
    if (stream.skip(closer)) break;
    items.push(parseExpression(stream));
  }
  return items;
};

const parseParenthesis = (stream: TokenStream): Expression => {
  if (stream.skip(")")) return { kind: "tuple", items: [] };
  const first = parseExpression(stream);
  if (stream.skip(")")) return first;
  stream.expect(",");
  return { kind: "tuple", items: [first, ...parseItems(stream, ")")] };
};

const parseDict = (stream: TokenStream): Expression => {
  const entries: (readonly [Expression, Expression])[] = [];
  while (!stream.skip("}")) {
    if (entries.length > 0) stream.expect(",");
    if (stream.skip("}")) break;
    const key = parseExpression(stream);
    stream.expect(":");
    entries.push([key, parseExpression(stream)]);
  }
  return { kind: "dict", entries };
};

const parsePostfix = (stream: TokenStream, start: Expression): Expression => {
  let value = start;
  for (;;) {
    if (stream.skip(".")) value = parseDot(stream, value);
    else if (stream.skip("[")) value = parseSubscript(stream, value);
    else if (stream.is("(")) value = { kind: "call", target: value, args: parseArguments(stream) };
    else return value;
  }
};

const parseDot = (stream: TokenStream, target: Expression): Expression => {
  const token = stream.next();
  if (token.kind === "name") return { kind: "attribute", target, name: token.text };
  if (token.kind !== "integer") throw stream.fail("expected name or number");
  return { kind: "item", target, key: { kind: "constant", value: BigInt(token.text) } };
};

const parseSubscript = (stream: TokenStream, target: Expression): Expression => {
  const keys: Expression[] = [];
  do {
    const bound = (): Expression | null =>
      stream.is(":") || stream.is("]") || stream.is(",") ? null : parseExpression(stream);
    const first = bound();
    if (stream.skip(":")) {
      const stop = bound();
      const bounds = [first, stop, stream.skip(":") ? bound() : null];
      stream.expect("]");
      return { kind: "slice", target, bounds };
    }
    if (first === null) throw stream.fail("Expected subscript expression");
    keys.push(first);
  } while (stream.skip(","));
  stream.expect("]");
  const [key] = keys;
  return {
    kind: "item",
    target,
    key: keys.length === 1 && key !== undefined ? key : { kind: "tuple", items: keys },
  };
};

const parseFilters = (stream: TokenStream, start: Expression): Expression => {
  let value = start;
  for (;;) {
    if (stream.skip("|")) value = { kind: "filter", target: value, ...parseFilterPart(stream) };
    else if (stream.skip("is")) value = parseTest(stream, value);
    else if (stream.is("(")) value = { kind: "call", target: value, args: parseArguments(stream) };
    else return value;
  }
};

const parseDottedName = (stream: TokenStream): string => {
  let name = stream.expectName();
  while (stream.skip(".")) name += `.${stream.expectName()}`;
  return name;
};

/** Reads a filter's name with its arguments, after the bar. */
export const parseFilterPart = (
  stream: TokenStream,
): { readonly name: string; readonly args: ArgumentsNode } => {
  const name = parseDottedName(stream);
  return { name, args: stream.is("(") ? parseArguments(stream) : NO_ARGUMENTS };
};

const startsArgument = (stream: TokenStream): boolean => {
  const { kind, text } = stream.current();
  if (kind === "name") return !["else", "or", "and", "is"].includes(text);
  return (
    kind === "string" ||
    kind === "integer" ||
    kind === "float" ||
    (kind === "operator" && /^[[{]$/.test(text))
  );
};

const parseTest = (stream: TokenStream, target: Expression): Expression => {
  const negated = stream.skip("not");
  const name = parseDottedName(stream);
  const args = stream.is("(")
    ? parseArguments(stream)
    : startsArgument(stream)
      ? { ...NO_ARGUMENTS, positional: [parsePostfix(stream, parsePrimary(stream))] }
      : NO_ARGUMENTS;
  const test: Expression = { kind: "test", target, name, args };
  return negated ? { kind: "not", operand: test } : test;
};

const parseArguments = (stream: TokenStream): ArgumentsNode => {
  const positional: Expression[] = [];
  const named: (readonly [string, Expression])[] = [];
  let star: Expression | null = null;
  let doubleStar: Expression | null = null;
  stream.expect("(");
  for (let count = 0; !stream.skip(")"); count += 1) {
    if (count > 0) stream.expect(",");
    if (stream.skip(")")) break;
    if (stream.skip("**")) doubleStar = parseExpression(stream);
    else if (stream.skip("*")) star = parseExpression(stream);
    else if (
      stream.current().kind === "name" &&
      stream.peek().kind === "operator" &&
      stream.peek().text === "="
    ) {
      const name = stream.expectName();
      stream.expect("=");
      named.push([name, parseExpression(stream)]);
    } else {
      if (named.length > 0 || doubleStar !== null)
        throw stream.fail("invalid syntax for function call expression");
      positional.push(parseExpression(stream));
    }
  }
  return { positional, named, star, doubleStar };
};

/** Reads one expression, or a tuple when commas follow; for the items of a `for` without an inline `if`. */
export const parseTuple = (stream: TokenStream, withCondition: boolean): Expression => {
  const parsePart = withCondition ? parseExpression : parseOr;
  const items = [parsePart(stream)];
  let isTuple = false;
  while (stream.skip(",")) {
    isTuple = true;
    if (stream.current().kind === "end" || stream.is("in") || stream.is("=")) break;
    items.push(parsePart(stream));
  }
  const [only] = items;
  return !isTuple && only !== undefined ? only : { kind: "tuple", items };
};
