import type { Expression, FilterNode, MacroNode, Statement, Target } from "./ast.ts";
import { tokenize } from "./lexer.ts";
import { parseExpression, parseFilterPart, parseTuple } from "./parse-expression.ts";
import { createTokenStream } from "./token-stream.ts";
import type { TokenStream } from "./token-stream.ts";

const RESERVED = new Set(["true", "false", "none", "True", "False", "None"]);

const describeOpenTags = ({ openTags }: TokenStream, ends: readonly string[]): string => {
  if (ends.length === 0) return "";
  return (
    ` Jinja was looking for the following tags: '${ends.join("' or '")}'.` +
    ` The innermost block that needs to be closed is '${openTags.at(-1) ?? ""}'.`
  );
};

/** Statements up to one of the tags `ends`, whose name is left as the current token; [] is the end. */
const parseBody = (stream: TokenStream, ends: readonly string[]): readonly Statement[] => {
  const body: Statement[] = [];
  for (;;) {
    const token = stream.current();
    if (token.kind === "eof") {
      if (ends.length === 0) return body;
      throw stream.fail(`Unexpected end of template.${describeOpenTags(stream, ends)}`);
    }
    stream.next();
    if (token.kind === "data") body.push({ kind: "text", text: token.text });
    else if (token.text === "variable") {
      body.push({ kind: "print", value: parseTuple(stream, true) });
      stream.expectEnd();
    } else {
      if (ends.includes(stream.current().text)) return body;
      body.push(parseStatement(stream, ends));
    }
  }
};

/** The body up to its one end tag, which is consumed. */
const parseWhole = (stream: TokenStream, end: string): readonly Statement[] => {
  stream.expectEnd();
  const body = parseBody(stream, [end]);
  stream.next();
  return body;
};

const parseTarget = (stream: TokenStream): Target => {
  const items: Target[] = [parseTargetItem(stream)];
  let isTuple = false;
  while (stream.skip(",")) {
    isTuple = true;
    if (stream.is("in") || stream.is("=") || stream.current().kind === "end") break;
    items.push(parseTargetItem(stream));
  }
  const [only] = items;
  return !isTuple && only !== undefined ? only : { kind: "tuple", items };
};

const parseTargetItem = (stream: TokenStream): Target => {
  if (stream.skip("(")) {
    const inner = parseTarget(stream);
    stream.expect(")");
    return inner.kind === "tuple" ? inner : { kind: "tuple", items: [inner] };
  }
  const name = stream.expectName();
  if (RESERVED.has(name)) throw stream.fail(`can't assign to '${name}'`);
  return stream.skip(".")
    ? { kind: "namespace", name, attribute: stream.expectName() }
    : { kind: "name", name };
};

const parseFor = (stream: TokenStream): Statement => {
  const target = parseTarget(stream);
  stream.expect("in");
  const items = parseTuple(stream, false);
  const test = stream.skip("if") ? parseExpression(stream) : null;
  const recursive = stream.skip("recursive");
  stream.expectEnd();
  const body = parseBody(stream, ["endfor", "else"]);
  const otherwise = stream.next().text === "else" ? parseWhole(stream, "endfor") : [];
  return { kind: "for", target, items, test, recursive, body, otherwise };
};

const parseIf = (stream: TokenStream): Statement => {
  const branches: (readonly [Expression, readonly Statement[]])[] = [];
  let word = "if";
  while (word === "if" || word === "elif") {
    const test = parseTuple(stream, false);
    stream.expectEnd();
    branches.push([test, parseBody(stream, ["elif", "else", "endif"])]);
    word = stream.next().text;
  }
  return { kind: "if", branches, otherwise: word === "else" ? parseWhole(stream, "endif") : [] };
};

const parseFilterChain = (stream: TokenStream): readonly FilterNode[] => {
  const filters: FilterNode[] = [];
  do filters.push(parseFilterPart(stream));
  while (stream.skip("|"));
  return filters;
};

const parseSet = (stream: TokenStream): Statement => {
  const target = parseTarget(stream);
  if (stream.skip("=")) return { kind: "set", target, value: parseTuple(stream, true) };
  const filters = stream.skip("|") ? parseFilterChain(stream) : [];
  return { kind: "set-block", target, filters, body: parseWhole(stream, "endset") };
};

const parseWith = (stream: TokenStream): Statement => {
  const bindings: (readonly [Target, Expression])[] = [];
  while (stream.current().kind !== "end") {
    if (bindings.length > 0) stream.expect(",");
    const target = parseTargetItem(stream);
    stream.expect("=");
    bindings.push([target, parseExpression(stream)]);
  }
  return { kind: "with", bindings, body: parseWhole(stream, "endwith") };
};

const parseParameters = (stream: TokenStream): MacroNode["parameters"] => {
  const parameters: (readonly [string, Expression | null])[] = [];
  stream.expect("(");
  while (!stream.skip(")")) {
    if (parameters.length > 0) stream.expect(",");
    const name = stream.expectName();
    const fallback = stream.skip("=") ? parseExpression(stream) : null;
    if (fallback === null && parameters.some(([, earlier]) => earlier !== null))
      throw stream.fail("non-default argument follows default argument");
    parameters.push([name, fallback]);
  }
  return parameters;
};

const parseMacro = (stream: TokenStream): Statement => {
  const name = stream.expectName();
  const parameters = parseParameters(stream);
  return { kind: "macro", macro: { name, parameters, body: parseWhole(stream, "endmacro") } };
};

const parseCallBlock = (stream: TokenStream): Statement => {
  const parameters = stream.is("(") ? parseParameters(stream) : [];
  const call = parseExpression(stream);
  if (call.kind !== "call") throw stream.fail("expected call");
  return {
    kind: "call-block",
    call,
    caller: { name: null, parameters, body: parseWhole(stream, "endcall") },
  };
};

const parseBlock = (stream: TokenStream): Statement => {
  const name = stream.expectName();
  for (const word of ["scoped", "required"]) stream.skip(word);
  stream.expectEnd();
  const body = parseBody(stream, ["endblock"]);
  stream.next();
  if (stream.current().kind === "name") stream.next();
  return { kind: "block", name, body };
};

const STATEMENTS: Readonly<Record<string, (stream: TokenStream) => Statement>> = {
  for: parseFor,
  if: parseIf,
  set: parseSet,
  with: parseWith,
  macro: parseMacro,
  call: parseCallBlock,
  filter: (stream) => ({
    kind: "filter-block",
    filters: parseFilterChain(stream),
    body: parseWhole(stream, "endfilter"),
  }),
  block: parseBlock,
};

const parseStatement = (stream: TokenStream, ends: readonly string[]): Statement => {
  const token = stream.current();
  const parse =
    token.kind === "name" && Object.hasOwn(STATEMENTS, token.text) ? STATEMENTS[token.text] : undefined;
  if (parse === undefined) {
    if (/^(?:extends|include|import|from)$/.test(token.text))
      throw stream.fail(`'${token.text}' cannot be used: there are no other templates`);
    if (token.kind !== "name") throw stream.fail("tag name expected");
    throw stream.fail(`Encountered unknown tag '${token.text}'.${describeOpenTags(stream, ends)}`);
  }
  stream.next();
  stream.openTags.push(token.text);
  const statement = parse(stream);
  stream.openTags.pop();
  stream.expectEnd();
  return statement;
};

/** Parses a template. Throws a `TemplateSyntaxError` where Jinja2 does, for its default extensions. */
export const parseTemplate = (template: string): readonly Statement[] =>
  parseBody(createTokenStream(tokenize(template)), []);
