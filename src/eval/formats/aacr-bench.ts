import { type Message, message } from "../../messages/message.ts";
import { z } from "zod";
import { dataProblems } from "../../base/data-problems.ts";
import { ConfigError, problemAt } from "../../base/errors.ts";
import type { Category } from "../../review/finding.ts";
import type { Expected } from "../set/eval-case.ts";
import { type ForeignCase, type ForeignSet, nameOfAddress, leftOut } from "./foreign-case.ts";

const Line = z.int().min(1).nullish().catch(null);

const Comment = z.object({
  note: z.string().trim().min(1),
  path: z.string().trim().min(1).nullish().catch(null),
  /** `left` for removed lines. */
  side: z.string().nullish().catch(null),
  from_line: Line,
  to_line: Line,
  category: z.string().nullish().catch(null),
});
type Comment = z.infer<typeof Comment>;

/**
 * One pull request of AACR-Bench, of which a set is an array.
 *
 * @see https://github.com/alibaba/aacr-bench
 */
const Entry = z.object({
  githubPrUrl: z.url(),
  source_commit: z.string().nullish(),
  target_commit: z.string().nullish(),
  project_main_language: z.string().nullish().catch(null),
  comments: z.array(z.unknown()),
});

/** Reads AACR-Bench's `positive_samples.json`. Throws a ConfigError when it is none. */
export const readAacrBench = (tree: unknown): ForeignSet => {
  const list = z.array(z.unknown()).safeParse(tree);
  if (!list.success) throw new ConfigError([message("eval.not-aacr-bench")]);
  const notices: Message[] = [];
  const cases = list.data.flatMap((entry, index): readonly ForeignCase[] => {
    const parsed = Entry.safeParse(entry);
    if (parsed.success) return [toCase(parsed.data, notices)];
    notices.push(leftOut(index, dataProblems(parsed.error.issues, entry)));
    return [];
  });
  return { cases, notices };
};

const toCase = (entry: z.infer<typeof Entry>, notices: Message[]): ForeignCase => {
  const { githubPrUrl: url, source_commit: head, target_commit: base, comments } = entry;
  const name = nameOfAddress(url);
  const expected = comments.flatMap((comment, index): readonly Expected[] => {
    const parsed = Comment.safeParse(comment);
    if (parsed.success) return [toExpected(parsed.data)];
    notices.push(problemAt(name, message("eval.comment-left-out", { number: index + 1 })));
    return [];
  });
  return {
    name,
    // The set tells no titles; a number says where it is from.
    title: name,
    description: "",
    language: entry.project_main_language ?? null,
    source: url,
    expected,
    url,
    commits: base && head ? { base, head } : null,
  };
};

const CATEGORIES: readonly (readonly [RegExp, Category])[] = [
  [/secur/i, "security"],
  [/perform/i, "performance"],
  [/maintain|readab/i, "readability"],
  [/defect|bug/i, "bug"],
];

const toExpected = ({ note, path, side, from_line: from, to_line: to, category }: Comment): Expected => {
  const ends = [from, to].filter((line) => line !== null && line !== undefined);
  return {
    path: path ?? null,
    side: side?.toLowerCase() === "left" ? "old" : "new",
    // One of the set's comments has its ends the other way round.
    lines: !path || ends.length === 0 ? null : { first: Math.min(...ends), last: Math.max(...ends) },
    severity: null,
    category: CATEGORIES.find(([pattern]) => pattern.test(category ?? ""))?.[1] ?? null,
    text: note,
  };
};
