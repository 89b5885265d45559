import type { NumberedLine } from "./numbered-diff.ts";

/** The mistakes that the scripted reviewer knows, each by a plain rule over one added line. */
export type RuleName =
  | "past-the-end"
  | "hard-coded-secret"
  | "bare-except"
  | "loose-equality"
  | "loose-null"
  | "none-equality"
  | "function-scope"
  | "open-task";

/** A rule that held on a line. */
export type RuleMatch = {
  readonly rule: RuleName;
  readonly severity: "critical" | "major" | "minor" | "info";
  readonly category: string;
  readonly confidence: number;
  readonly found: NumberedLine;
  /** The whole line mended, null where a single line cannot tell how. */
  readonly suggestion: string | null;
};

type Rule = Pick<RuleMatch, "rule" | "severity" | "category" | "confidence"> & {
  readonly files: RegExp;
  readonly pattern: RegExp;
  /** Whether texts and comments count, too. */
  readonly anywhere?: boolean;
  /** What stands in place of the match; null for no suggestion. */
  readonly mend: ((match: RegExpExecArray, line: NumberedLine) => string) | null;
};

/** Stands where a secret was before somebody took it out of the prompt; nobody wants it in a file. */
const MASK = /\[masked: /;
const ANY = /./;
const SCRIPT = /\.(?:[cm]?[jt]sx?|vue|svelte)$/i;
const PYTHON = /\.pyi?$/i;

const environmentName = (name: string): string => name.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();

const RULES: readonly Rule[] = [
  {
    rule: "past-the-end",
    severity: "major",
    category: "bug",
    confidence: 0.95,
    files: ANY,
    pattern: /(?<=\b(?:for|while)\b.*)<=(?=\s*[\w$.[\]]+\.(?:length\b|size\(\)|Count\b)(?!\s*-))/,
    mend: () => "<",
  },
  {
    rule: "hard-coded-secret",
    severity: "critical",
    category: "security",
    confidence: 0.9,
    files: ANY,
    pattern: /\b(\w*(?:password|passwd|secret|api_?key|access_?token)\w*)(["']?\s*[:=]\s*)(["'])[^"']{4,}\3/i,
    anywhere: true,
    mend: ([, name = "", between = ""], { path }) =>
      SCRIPT.test(path) ? `${name}${between}process.env.${environmentName(name)}` : "",
  },
  {
    rule: "bare-except",
    severity: "minor",
    category: "error-handling",
    confidence: 0.9,
    files: PYTHON,
    pattern: /(?<=^\s*)except\s*:/,
    mend: () => "except Exception:",
  },
  {
    rule: "none-equality",
    severity: "minor",
    category: "bug",
    confidence: 0.8,
    files: PYTHON,
    pattern: /([!=])=\s*None\b/,
    mend: ([, sign]) => (sign === "!" ? "is not None" : "is None"),
  },
  {
    rule: "loose-null",
    severity: "info",
    category: "readability",
    confidence: 0.6,
    files: SCRIPT,
    pattern: /(?<![=!<>])[!=]=(?!=)(?=\s*(?:null|undefined)\b)/,
    mend: null,
  },
  {
    rule: "loose-equality",
    severity: "minor",
    category: "bug",
    confidence: 0.8,
    files: SCRIPT,
    pattern: /(?<![=!<>])([!=])=(?![=>])(?!\s*(?:null|undefined)\b)/,
    mend: ([, sign = "="]) => `${sign}==`,
  },
  {
    rule: "function-scope",
    severity: "minor",
    category: "readability",
    confidence: 0.8,
    files: SCRIPT,
    pattern: /(?<=^\s*|[;({]\s*|\bexport\s+)var(?=\s+[\w$[{])/,
    mend: () => "let",
  },
  {
    rule: "open-task",
    severity: "info",
    category: "documentation",
    confidence: 0.7,
    files: ANY,
    pattern: /(?<=(?:\/\/|#|\/\*|<!--|\*)\s*)\b(?:TODO|FIXME)\b/,
    anywhere: true,
    mend: null,
  },
];

/** The line with its texts and comments blanked out, of the same length. */
const codeOnly = (text: string): string =>
  text
    .replaceAll(/(["'`])(?:\\.|(?!\1).)*\1/g, (literal) => `"${" ".repeat(literal.length - 2)}"`)
    .replace(/(?:\/\/|#(?![\w{])|\/\*).*$/, (comment) => " ".repeat(comment.length));

const applyRule = (rule: Rule, found: NumberedLine): RuleMatch | null => {
  if (!rule.files.test(found.path)) return null;
  const match = rule.pattern.exec(rule.anywhere === true ? found.text : codeOnly(found.text));
  if (match === null) return null;
  const mended = rule.mend?.(match, found) ?? "";
  const { text } = found;
  return {
    rule: rule.rule,
    severity: rule.severity,
    category: rule.category,
    confidence: rule.confidence,
    found,
    suggestion:
      mended === "" || MASK.test(text)
        ? null
        : text.slice(0, match.index) + mended + text.slice(match.index + match[0].length),
  };
};

/** What the rules find on the added lines, in the order of the lines. */
export const findByRules = (lines: readonly NumberedLine[]): readonly RuleMatch[] =>
  lines
    .filter(({ sign }) => sign === "+")
    .flatMap((line) => RULES.map((rule) => applyRule(rule, line)))
    .filter((match) => match !== null);
