import { z } from "zod";
import { askedLanguage, instructionsOf } from "./asked-language.ts";
import type { ChatRequest } from "./chat-request.ts";
import { readNumberedDiff, type NumberedLine } from "./numbered-diff.ts";
import { readBlocks, readList } from "./prompt-blocks.ts";
import { findByRules, type RuleMatch } from "./review-rules.ts";
import { ANSWER_WORDS, RULE_WORDS } from "./rule-words.ts";

const fenced = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;

const SEVERITIES: readonly RuleMatch["severity"][] = ["critical", "major", "minor", "info"];

const byGravity = (left: RuleMatch, right: RuleMatch): number =>
  SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity);

/** The most findings that the instructions allow. */
const limitOf = (instructions: string): number =>
  Number(/"findings": at most (\d+)/.exec(instructions)?.[1] ?? Number.POSITIVE_INFINITY);

const describeFiles = (lines: readonly NumberedLine[]): string => {
  const paths = [...new Set(lines.map(({ path }) => path))];
  const shown = paths.slice(0, 5).map((path) => `\`${path}\``);
  return shown.join(", ") + (paths.length > 5 ? ", …" : "");
};

const countOf = (lines: readonly NumberedLine[], sign: string): number =>
  lines.filter((line) => line.sign === sign).length;

/** Whether an entry about the same file holds the finding's title, in whatever form entries have. */
const wasSaid = (said: readonly unknown[], path: string, title: string): boolean => {
  const parts = [path, title].map((text) => JSON.stringify(text).slice(1, -1));
  return said
    .map((entry) => JSON.stringify(entry))
    .some((entry) => parts.every((part) => entry.includes(part)));
};

/** Answers a request for findings: what the plain rules find in the numbered diff, and an overview. */
export const answerFindings = (request: ChatRequest): string => {
  const blocks = readBlocks(request);
  const language = askedLanguage(request);
  const words = ANSWER_WORDS[language];
  const lines = readNumberedDiff(blocks.get("diff") ?? "");
  const said = readList(blocks.get("said"), "said");
  const findings = findByRules(lines)
    .toSorted(byGravity)
    .map(({ rule, found, severity, category, confidence, suggestion }) => ({
      path: found.path,
      line: found.line,
      quote: found.text,
      severity,
      category,
      confidence,
      title: RULE_WORDS[language][rule].title,
      body: `${RULE_WORDS[language][rule].body}\n\n${words.byRule}`,
      ...(suggestion === null ? {} : { suggestion }),
    }))
    .filter(({ path, title }) => !wasSaid(said, path, title))
    .slice(0, limitOf(instructionsOf(request)));
  const overview = words.overview(describeFiles(lines), countOf(lines, "+"), countOf(lines, "-"));
  return fenced({ overview, findings });
};

const Claim = z.object({
  id: z.union([z.string(), z.number()]),
  path: z.string().nullish(),
  line: z.number().nullish(),
  quote: z.string().nullish(),
  category: z.string().nullish(),
});
type Claim = z.infer<typeof Claim>;

const isAbout = ({ path, line, quote, category }: Claim, match: RuleMatch): boolean =>
  match.found.path === path &&
  (quote?.split("\n").includes(match.found.text) ?? match.found.line === line) &&
  (category ?? match.category) === match.category;

/** Answers a request for verdicts: what the plain rules find, too, is confirmed; all else is refuted. */
export const answerVerdicts = (request: ChatRequest): string => {
  const blocks = readBlocks(request);
  const language = askedLanguage(request);
  const matches = findByRules(readNumberedDiff(blocks.get("diff") ?? ""));
  const verdicts = readList(blocks.get("findings"), "findings").flatMap((raw) => {
    const claim = Claim.safeParse(raw);
    if (!claim.success) return [];
    const match = matches.find((each) => isAbout(claim.data, each));
    return [
      match === undefined
        ? { id: claim.data.id, verdict: "refuted", reason: ANSWER_WORDS[language].refuted }
        : {
            id: claim.data.id,
            verdict: "confirmed",
            reason: ANSWER_WORDS[language].confirmed(RULE_WORDS[language][match.rule].title),
          },
    ];
  });
  return fenced(verdicts);
};
