import type { Translate } from "../../messages/format-message.ts";
import type { Reason } from "../../base/reason.ts";
import type { FlowUsage } from "../../flow/flow-event.ts";
import type { AnchoredFinding } from "../finding.ts";
import { publishLine, publishName, publishShortened, publishTable } from "../publish-text.ts";
import type { Cell } from "../publish-text.ts";
import type { FileReceipt } from "../receipt.ts";
import { modelsPart } from "../note-text.ts";
import { summaryMarker } from "./marker.ts";
import { countReceipt, renderReceipt } from "./render-receipt.ts";
import { badge, shortSha, shortTitle, titleLine } from "./render-thread.ts";
import type { TextContext } from "./render-thread.ts";
import type { ReviewPlan } from "./review-plan.ts";
import { byStrength } from "./strength.ts";
import { beginningOf, endingOf } from "../../base/cut-text.ts";

/** What the summary tells besides the plan. */
export type SummaryFacts = {
  /** The Markdown of the summary flow; null without one. */
  readonly walkthrough: string | null;
  /** Every file of the diff. */
  readonly files: readonly FileReceipt[];
  /** What the reader has to know about the review itself. */
  readonly remarks: readonly Reason[];
  /** Findings that could not be understood. */
  readonly rejected: number;
  /** Findings that verification refuted, or did not confirm. */
  readonly refuted: number;
  /** What all flows of this review consumed; null where nothing is known. */
  readonly usage: FlowUsage | null;
};

/** The most characters of a summary note. GitLab takes a million; e-mail and readers do not. */
const MAX_SUMMARY_LENGTH = 60_000;

/** How much of each part is told, the least important part first. */
type Measure = {
  readonly files: number;
  readonly folders: number;
  readonly foldedBody: number;
  readonly folded: number;
  readonly rows: number;
  readonly walkthrough: number;
};

const FULL: Measure = {
  files: 200,
  folders: 100,
  foldedBody: 1_500,
  folded: 100,
  rows: 200,
  walkthrough: 20_000,
};

/** Each step gives up the next least important thing; the last one fits whatever there is to tell. */
const STEPS: readonly Partial<Measure>[] = [
  {},
  { files: 60, folders: 60 },
  { foldedBody: 300 },
  { files: 0, folders: 20, foldedBody: 0 },
  { folded: 30 },
  { rows: 60 },
  { walkthrough: 8_000, folders: 5 },
  { folded: 10, rows: 10, walkthrough: 4_000 },
  { folded: 0, rows: 3, walkthrough: 1_000, folders: 0 },
];

/** The summary note, shortened where it has to be; it says so then. */
export const renderSummary = (plan: ReviewPlan, facts: SummaryFacts, context: TextContext): string => {
  let measure = FULL;
  let text = "";
  for (const step of STEPS) {
    measure = { ...measure, ...step };
    text = renderWith(plan, facts, context, measure);
    if (text.length <= MAX_SUMMARY_LENGTH) return text;
  }
  return text;
};

const renderWith = (
  plan: ReviewPlan,
  facts: SummaryFacts,
  context: TextContext,
  measure: Measure,
): string => {
  const { t, flow, refs } = context;
  const walkthrough = renderWalkthrough(facts.walkthrough, measure, context);
  const isSilent = plan.open.length + plan.keep.length + plan.fold.length === 0;
  const parts = [
    `## ${t("summary.heading")}`,
    walkthrough,
    isSilent
      ? t("summary.no-findings")
      : t("summary.counts", {
          opened: plan.open.length,
          kept: plan.keep.length,
          resolved: plan.resolve.length,
          summaryOnly: plan.fold.length,
        }),
    renderThreads(plan, measure, context),
    renderFolded(plan, measure, context),
    details(t("coverage.heading", countReceipt(facts.files)), renderReceipt(facts.files, measure, t)),
    renderRemarks(plan, facts, context),
    `---\n<sub>${[t("note.commit", { sha: shortSha(refs.headSha) }), renderCost(facts.usage, context), t("note.flow", { name: publishLine(shortTitle(flow)) }), ...modelsPart(facts.usage?.models ?? [], t)].filter((part) => part !== "").join(" · ")}</sub>`,
  ];
  return [summaryMarker(flow), parts.filter((part) => part !== "").join("\n\n")].join("\n");
};

const renderWalkthrough = (text: string | null, { walkthrough }: Measure, { t }: TextContext): string => {
  if (text === null || text.trim() === "") return "";
  const { markdown, cut } = publishShortened(text.trim(), walkthrough);
  return cut ? `${markdown}\n\n_${t("thread.shortened")}_` : markdown;
};

const renderThreads = (plan: ReviewPlan, { rows }: Measure, { t }: TextContext): string => {
  const threads = [
    ...plan.open.map(({ found }) => ({ found, state: t("thread.state.new"), noteId: null })),
    ...plan.keep.map(({ found, resolved, noteId }) => ({
      found,
      state: resolved ? t("thread.state.resolved") : t("thread.state.open"),
      noteId,
    })),
  ].toSorted((left, right) => byStrength(left.found, right.found));
  if (threads.length === 0) return "";
  const table = publishTable(
    [
      t("summary.column.severity"),
      t("summary.column.place"),
      t("summary.column.finding"),
      t("summary.column.state"),
    ],
    threads.slice(0, rows).map(({ found, state, noteId }): Cell[] => {
      const text = shortTitle(found.finding.title);
      return [
        t(`severity.${found.finding.severity}`),
        { name: placeName(found) },
        noteId === null ? text : { text, noteId },
        state,
      ];
    }),
  );
  return [`### ${t("summary.threads")}`, table, ...more(threads.length - rows, t)].join("\n\n");
};

const renderFolded = (
  { fold }: ReviewPlan,
  { folded, foldedBody }: Measure,
  context: TextContext,
): string => {
  if (fold.length === 0) return "";
  const { t } = context;
  const items = fold.slice(0, folded).map(({ found, why }) => {
    const line = `- ${badge(found.finding, context)} ${publishName(placeName(found))}: ${titleLine(found.finding)} _(${t(`summary.only.${why}`)})_`;
    if (foldedBody === 0 || found.finding.body.trim() === "") return line;
    const { markdown, cut } = publishShortened(found.finding.body.trim(), foldedBody);
    const body = cut ? `${markdown}\n\n_${t("thread.shortened")}_` : markdown;
    return `${line}\n\n${body.replace(/^(?=.)/gmu, "  ")}`;
  });
  return details(
    t("summary.only", { count: fold.length }),
    [...items, ...more(fold.length - folded, t)].join("\n"),
  );
};

const MAX_REMARKS = 10;
const MAX_REMARK_LENGTH = 300;

const renderRemarks = (
  plan: ReviewPlan,
  { remarks, rejected, refuted }: SummaryFacts,
  { t }: TextContext,
): string => {
  const unverified = [...plan.open, ...plan.keep, ...plan.fold].filter(
    ({ found }) => found.finding.unverified,
  );
  // Remarks that differ in what their source says read the same.
  const lines = [...new Set(remarks.map(t.reason))];
  return [
    ...lines.slice(0, MAX_REMARKS).map((line) => publishLine(beginningOf(line, MAX_REMARK_LENGTH))),
    ...more(lines.length - MAX_REMARKS, t),
    ...(rejected > 0 ? [t("summary.rejected", { count: rejected })] : []),
    ...(refuted > 0 ? [t("summary.refuted", { count: refuted })] : []),
    ...(unverified.length > 0 ? [t("summary.unverified", { count: unverified.length })] : []),
  ]
    .map((line) => `> ${line}`)
    .join("\n>\n");
};

const renderCost = (usage: FlowUsage | null, { t }: TextContext): string => {
  if (usage === null || usage.totalTokens === 0) return "";
  const { totalTokens: total, promptTokens: input, completionTokens: output, totalPrice } = usage;
  // Dify or a setting names it; what is no name of a currency is left out.
  const currency = /^[\p{L}\p{Sc}]{1,10}$/u.test(usage.currency) ? ` ${usage.currency}` : "";
  const tokens =
    input === null || output === null
      ? t("usage.tokens-unsplit", { total })
      : t("usage.tokens", { total, input, output });
  return totalPrice !== null && totalPrice > 0
    ? `${tokens} · ${totalPrice.toFixed(totalPrice < 1 ? 4 : 2)}${currency}`
    : tokens;
};

const MAX_PLACE_LENGTH = 200;

/** Where a finding is, as people write it: `path:12-14`. */
const placeName = ({ finding, anchor }: AnchoredFinding): string => {
  const isPlaced = anchor.kind === "line";
  const first = isPlaced ? (anchor.start.newLine ?? anchor.start.oldLine) : finding.line;
  const last = isPlaced ? (anchor.end.newLine ?? anchor.end.oldLine) : finding.endLine;
  const path =
    finding.path.length > MAX_PLACE_LENGTH ? `…${endingOf(finding.path, MAX_PLACE_LENGTH)}` : finding.path;
  if (first === null) return path;
  return last === null || last === first ? `${path}:${first}` : `${path}:${first}-${last}`;
};

const more = (count: number, t: Translate): string[] => (count > 0 ? [t("summary.more", { count })] : []);

/** GitLab reads the Markdown in a folded part when blank lines set it apart. */
const details = (title: string, body: string): string =>
  body === "" ? "" : `<details>\n<summary>${title}</summary>\n\n${body}\n\n</details>`;
