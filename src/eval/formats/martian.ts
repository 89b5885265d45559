import { type Message, message } from "../../messages/message.ts";
import { z } from "zod";
import { dataProblems } from "../../base/data-problems.ts";
import { ConfigError, problemAt } from "../../base/errors.ts";
import type { Severity } from "../../review/finding.ts";
import type { Expected } from "../set/eval-case.ts";
import { type ForeignCase, type ForeignSet, nameOfAddress, leftOut } from "./foreign-case.ts";

const Golden = z.object({
  comment: z.string().trim().min(1),
  severity: z.string().nullish().catch(null),
});

/**
 * One pull request of Martian's offline set, as `golden_comments/*.json` has it (an array of these).
 *
 * @see https://github.com/withmartian/code-review-benchmark
 */
const Entry = z.object({
  pr_title: z.string().nullish(),
  url: z.url(),
  original_url: z.url().nullish().catch(null),
  comments: z.array(z.unknown()),
});

/** The same in the file that the set's own scripts gather, by address. */
const Gathered = z.record(
  z.string(),
  z.object({
    pr_title: z.string().nullish(),
    original_url: z.string().nullish().catch(null),
    golden_comments: z.array(z.unknown()),
  }),
);

/**
 * Reads golden comments of Martian's offline set. They name neither files nor lines, so that only a judge
 * can find them again. Throws a ConfigError when it is no such file.
 */
export const readMartian = (tree: unknown): ForeignSet => {
  const notices: Message[] = [];
  const cases = entriesOf(tree).flatMap((entry, index): readonly ForeignCase[] => {
    const parsed = Entry.safeParse(entry);
    if (parsed.success) return [toCase(parsed.data, notices)];
    notices.push(leftOut(index, dataProblems(parsed.error.issues, entry)));
    return [];
  });
  return { cases, notices };
};

const entriesOf = (tree: unknown): readonly unknown[] => {
  const list = z.array(z.unknown()).safeParse(tree);
  if (list.success) return list.data;
  const gathered = Gathered.safeParse(tree);
  if (!gathered.success) throw new ConfigError([message("eval.not-martian")]);
  return Object.entries(gathered.data).map(([url, { golden_comments: comments, ...entry }]) => ({
    ...entry,
    url,
    comments,
  }));
};

const toCase = (entry: z.infer<typeof Entry>, notices: Message[]): ForeignCase => {
  const { url, pr_title: title, comments } = entry;
  const name = nameOfAddress(url);
  const expected = comments.flatMap((comment, index): readonly Expected[] => {
    const parsed = Golden.safeParse(comment);
    if (parsed.success) return [toExpected(parsed.data)];
    notices.push(problemAt(name, message("eval.comment-left-out", { number: index + 1 })));
    return [];
  });
  return {
    name,
    title: title ?? name,
    description: "",
    language: null,
    source: entry.original_url ?? url,
    expected,
    url,
    commits: null,
  };
};

const SEVERITIES: Readonly<Record<string, Severity>> = {
  critical: "critical",
  high: "major",
  medium: "minor",
  low: "info",
};

const toExpected = ({ comment, severity }: z.infer<typeof Golden>): Expected => ({
  path: null,
  side: "new",
  lines: null,
  severity: SEVERITIES[severity?.toLowerCase() ?? ""] ?? null,
  category: null,
  text: comment,
});
