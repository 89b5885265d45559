import { loadYaml } from "../../base/yaml.ts";

/** A value of a YAML file. Maps stay maps, so that no key can be taken for a property of objects. */
export type YamlValue =
  | null
  | boolean
  | number
  | string
  | readonly YamlValue[]
  | ReadonlyMap<unknown, unknown>;

/** The longest YAML text that is read from a repository, in characters. */
export const MAX_YAML = 64 * 1024;
const MAX_DEPTH = 20;
const MAX_NODES = 5000;

/**
 * Reads YAML of a stranger: one document of YAML 1.2's core types, without aliases (which make little
 * text large), not too long and not too deep. What is refused has its reason. Never throws.
 */
export const readYaml = (
  text: string,
):
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "refused"; readonly reason: string } => {
  if (text.length > MAX_YAML) return refused(`it is longer than ${MAX_YAML} characters`);
  try {
    // The parser calls itself for each level; the lexer does not.
    return checkShape(text) ?? parse(text);
  } catch {
    return refused("it is no YAML that can be read");
  }
};

const refused = (reason: string) => ({ kind: "refused", reason }) as const;

const checkShape = (text: string): ReturnType<typeof refused> | null => {
  const { Lexer } = loadYaml();
  let depth = 0;
  let onLine = 0;
  let tokens = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth -= 1;
    else if (token === "-" || token === "?" || token === ":") onLine += 1;
    else if (/^\r?\n/.test(token)) onLine = 0;
    tokens += 1;
    if (tokens > MAX_NODES * 8) return refused("it has too many entries");
    if (depth > MAX_DEPTH || (depth === 0 && onLine > MAX_DEPTH)) return refused("it is nested too deeply");
  }
  return null;
};

const parse = (text: string): ReturnType<typeof readYaml> => {
  const { parseDocument, visit } = loadYaml();
  const document = parseDocument(text, { schema: "core", prettyErrors: false, logLevel: "error" });
  const [error] = document.errors;
  if (error !== undefined) return refused(`line ${lineOf(text, error.pos[0])}: ${describe(error.code)}`);
  let nodes = 0;
  let problem: string | null = null;
  visit(document, {
    Node: (_key, _node, path) => {
      nodes += 1;
      if (nodes > MAX_NODES) problem = "it has too many entries";
      if (path.length > 2 * MAX_DEPTH) problem = "it is nested too deeply";
      return problem === null ? undefined : visit.BREAK;
    },
    Alias: () => {
      problem = "it has aliases, which are not taken here";
      return visit.BREAK;
    },
  });
  if (problem !== null) return refused(problem);
  const value: unknown = document.toJS({ mapAsMap: true, maxAliasCount: 0 });
  return { kind: "value", value };
};

const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

const describe = (code: string): string =>
  code === "DUPLICATE_KEY"
    ? "a key is there twice"
    : `it is no valid YAML (${code.toLowerCase().replaceAll("_", " ")})`;
