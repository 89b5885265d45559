import { type Reason, reasonOf } from "../../base/reason.ts";
import { loadYaml } from "../../base/yaml.ts";

/** The longest YAML text that is read from a repository, in characters. */
const MAX_YAML = 64 * 1024;
const MAX_DEPTH = 20;
const MAX_NODES = 5000;

/**
 * Reads YAML of a stranger: one document of YAML 1.2's core types, without aliases (which make little
 * text large), not too long and not too deep. What is refused has its reason, which names the file and lines of
 * it; `linesBefore` are those before the text. Never throws.
 */
export const readYaml = (
  file: string,
  text: string,
  linesBefore = 0,
):
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "refused"; readonly reason: Reason } => {
  if (text.length > MAX_YAML) return refused(reasonOf("rules-file-too-long", { file, most: MAX_YAML }));
  try {
    // The parser calls itself for each level; the lexer does not.
    return checkShape(file, text) ?? parse(file, text, linesBefore);
  } catch {
    return refused(reasonOf("rules-yaml-unreadable", { file }));
  }
};

const refused = (reason: Reason) => ({ kind: "refused", reason }) as const;

const checkShape = (file: string, text: string): ReturnType<typeof refused> | null => {
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
    if (tokens > MAX_NODES * 8) return refused(reasonOf("rules-yaml-too-many-entries", { file }));
    if (depth > MAX_DEPTH || (depth === 0 && onLine > MAX_DEPTH))
      return refused(reasonOf("rules-yaml-too-deep", { file, most: MAX_DEPTH }));
  }
  return null;
};

const parse = (file: string, text: string, linesBefore: number): ReturnType<typeof readYaml> => {
  const { parseDocument, visit } = loadYaml();
  const document = parseDocument(text, { schema: "core", prettyErrors: false, logLevel: "error" });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = linesBefore + lineOf(text, error.pos[0]);
    return refused(
      error.code === "DUPLICATE_KEY"
        ? reasonOf("rules-yaml-duplicate-key", { file, line })
        : reasonOf("rules-yaml-invalid", { file, line, error: error.code }),
    );
  }
  let nodes = 0;
  let problem: Reason | null = null;
  visit(document, {
    Node: (_key, _node, path) => {
      nodes += 1;
      if (nodes > MAX_NODES) problem = reasonOf("rules-yaml-too-many-entries", { file });
      if (path.length > 2 * MAX_DEPTH) problem = reasonOf("rules-yaml-too-deep", { file, most: MAX_DEPTH });
      return problem === null ? undefined : visit.BREAK;
    },
    Alias: () => {
      problem = reasonOf("rules-yaml-alias", { file });
      return visit.BREAK;
    },
  });
  if (problem !== null) return refused(problem);
  const value: unknown = document.toJS({ mapAsMap: true, maxAliasCount: 0 });
  return { kind: "value", value };
};

const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;
