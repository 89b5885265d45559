import { parseHunks } from "../../../src/diff/parse-hunks.ts";
import { pointAt } from "../../../src/diff/find-point.ts";
import type { FileDiff } from "../../../src/diff/file-diff.ts";
import type { Position } from "../../../src/diff/position.ts";
import type { Discussion, Note } from "../../../src/review/discussion.ts";
import type { AnchoredFinding, Finding } from "../../../src/review/finding.ts";
import { planReview } from "../../../src/review/plan/plan-review.ts";
import { renderPublication } from "../../../src/review/plan/render-publication.ts";
import type { PublicationFacts } from "../../../src/review/plan/render-publication.ts";
import type { PlanInput, ReviewPlan } from "../../../src/review/plan/review-plan.ts";

export const BOT = 42;
export const HUMAN = 7;
export const REFS = { baseSha: "b".repeat(40), startSha: "c".repeat(40), headSha: "d".repeat(40) };

/** The statements that files of these tests are made of; two are the same. */
export const CODE = [
  "const total = sum(items);",
  "await save(total);",
  "return total / items.length;",
  "}",
  "await save(total);",
  "log(`saved ${total}`);",
] as const;

/** A new file of all of `CODE` behind `shift` lines that mean nothing. */
export const fileOf = (path: string, shift = 0): FileDiff => {
  const lines = [...Array.from({ length: shift }, (_, at) => `// ${at}`), ...CODE];
  const reading = parseHunks(`@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}\n`).join("")}`);
  if (reading.kind !== "hunks") throw new Error(JSON.stringify(reading.reason));
  return { oldPath: path, newPath: path, change: "added", hunks: reading.hunks };
};

export const findingOf = (fields: Partial<Finding> = {}): Finding => ({
  path: "a.ts",
  side: "new",
  line: null,
  endLine: null,
  quote: null,
  severity: "major",
  category: "bug",
  confidence: 0.9,
  title: "Division by zero",
  body: "`items` may be empty.",
  suggestion: null,
  ...fields,
});

/** A finding on lines of `CODE`, counted from 0. */
export const onLines = (
  file: FileDiff,
  from: number,
  to: number,
  fields: Partial<Finding> = {},
): AnchoredFinding => {
  const [hunk] = file.hunks;
  const shift = (hunk?.lines.length ?? 0) - CODE.length;
  const start = pointAt(file, "new", shift + from + 1);
  const end = pointAt(file, "new", shift + to + 1);
  if (hunk === undefined || start === null || end === null) throw new Error("no such line");
  const code = CODE.slice(from, to + 1).join("\n");
  return {
    finding: findingOf({ path: file.newPath, line: shift + from + 1, endLine: shift + to + 1, ...fields }),
    anchor: { kind: "line", file, hunk, start, end, code },
  };
};

export const note = (id: number, body: string, authorId: number | null = BOT, system = false): Note => ({
  id,
  author: authorId === null ? null : { id: authorId, username: `user-${authorId}` },
  body,
  system,
  ours: authorId === BOT && !system ? "author" : null,
});

export const discussion = (
  id: string,
  notes: readonly Note[],
  fields: Partial<Discussion> = {},
): Discussion => ({
  id,
  individual: false,
  resolvable: true,
  resolved: false,
  resolvedBy: null,
  position: null,
  notes,
  ...fields,
});

export const inputOf = (fields: Partial<PlanInput> = {}): PlanInput => ({
  flow: "default",
  refs: REFS,
  files: [fileOf("a.ts")],
  findings: [],
  discussions: [],
  isCovered: () => true,
  maxThreads: 10,
  leastSeverity: "info",
  leastConfidence: 0,
  ...fields,
});

export const factsOf = (fields: Partial<PublicationFacts> = {}): PublicationFacts => ({
  flow: "default",
  refs: REFS,
  language: "English",
  showConfidence: false,
  walkthrough: null,
  files: [],
  remarks: [],
  rejected: 0,
  refuted: 0,
  usage: null,
  addLabels: [],
  status: null,
  ...fields,
});

/** What the merge request looks like once a plan was applied in full. */
export const apply = (
  plan: ReviewPlan,
  discussions: readonly Discussion[],
  facts: Partial<PublicationFacts> = {},
): readonly Discussion[] => {
  const { open, reply, summary } = renderPublication(plan, factsOf(facts));
  let id = Math.max(0, ...discussions.flatMap(({ notes }) => notes.map((one) => one.id)));
  const replied = discussions.map((one) => {
    const answer = reply.find(({ discussionId }) => discussionId === one.id);
    if (answer === undefined) return one;
    const notes = [...one.notes, note((id += 1), answer.body)];
    return { ...one, resolved: true, resolvedBy: "us" as const, notes };
  });
  const opened = open.map(({ body, position }) => {
    const on: Position | null = position;
    return discussion(`new-${(id += 1)}`, [note(id, body)], { position: on });
  });
  const summarised =
    summary === null || summary.noteId !== null
      ? []
      : [discussion(`new-${(id += 1)}`, [note(id, summary.body)], { individual: true, resolvable: false })];
  return [...replied, ...opened, ...summarised];
};

/** Reviews several heads after one another. */
export const reviewInTurn = (
  inputs: readonly Partial<PlanInput>[],
  start: readonly Discussion[] = [],
): { readonly plans: readonly ReviewPlan[]; readonly discussions: readonly Discussion[] } => {
  const plans: ReviewPlan[] = [];
  let discussions = start;
  for (const fields of inputs) {
    const input = inputOf({ ...fields, discussions });
    const plan = planReview(input);
    plans.push(plan);
    discussions = apply(plan, discussions, { flow: input.flow, refs: input.refs });
  }
  return { plans, discussions };
};
