import { z } from "zod";
import { parseJson } from "../../../base/json.ts";
import type { ReviewResult } from "../../../review/review-result.ts";
import type { Run, RunState } from "../../../store/store.ts";
import type { StepView } from "../../../store/views/views.ts";
import { formatBytes, formatCount, formatDuration, formatMoney, formatTime } from "../markup/format.ts";
import { actionButton, section } from "../markup/layout.ts";
import { deliveryLink, mergeRequestOf, stateBadge } from "../markup/links.ts";
import { html, type Content } from "../markup/markup.ts";
import { facts, table } from "../markup/table.ts";
import type { Masking } from "../mask-text.ts";
import type { Texts } from "../texts/english.ts";
import type { Visit } from "../visit.ts";
import { findingTable, readReview } from "./findings.ts";
import { reasonOf } from "./run-table.ts";

/** What the page of one run shows. */
export type RunDetails = {
  readonly run: Run;
  readonly steps: readonly StepView[];
  /** Its flow with the steps that it took, see LiveRun. */
  readonly flow: Content;
  readonly masking: Masking;
  readonly gitlabUrl: string;
};

/** The most steps that a page lists. */
export const MOST_STEPS = 300;

const UNDER_WAY: ReadonlySet<RunState> = new Set(["queued", "active", "retrying"]);

/** What can be done about a run as it stands. */
export const runActions = (visit: Visit, { id, state }: Run): Content =>
  UNDER_WAY.has(state)
    ? actionButton(visit, `/runs/${id}/cancel`, visit.texts.run.cancel, "danger")
    : actionButton(visit, `/runs/${id}/again`, visit.texts.run.again);

const factsSection = (texts: Texts, { run, gitlabUrl }: RunDetails): Content => {
  const { words } = texts;
  const { link, title } = mergeRequestOf(run, gitlabUrl);
  const { startedAtMs, finishedAtMs } = run;
  const tookMs = startedAtMs === null || finishedAtMs === null ? null : finishedAtMs - startedAtMs;
  return facts([
    [words.state, stateBadge(texts, run.state)],
    ...(run.reason === null ? [] : [[words.reason, reasonOf(run)] as const]),
    [words.mergeRequest, html`${link} ${title === "" ? null : html`<span class="soft">${title}</span>`}`],
    [words.flow, run.flow],
    [words.trigger, run.trigger],
    [words.head, html`<code>${run.headSha ?? "–"}</code>`],
    [words.attempts, formatCount(texts, run.attempts)],
    [words.created, formatTime(texts, run.createdAtMs)],
    [words.started, formatTime(texts, startedAtMs)],
    ...(run.nextAttemptAtMs === null
      ? []
      : [[words.nextAttempt, formatTime(texts, run.nextAttemptAtMs)] as const]),
    [words.finished, formatTime(texts, finishedAtMs)],
    [words.duration, tookMs === null ? "–" : formatDuration(tookMs)],
    [words.delivery, deliveryLink(run.deliveryId)],
    [words.id, html`<code>${run.id}</code>`],
  ]);
};

const usageSection = (texts: Texts, { usage }: Run): Content =>
  facts(
    [
      [texts.words.tokens, formatCount(texts, usage.totalTokens)],
      [texts.words.inputTokens, formatCount(texts, usage.promptTokens)],
      [texts.words.outputTokens, formatCount(texts, usage.completionTokens)],
      [texts.words.cost, formatMoney(texts, usage.totalPrice, usage.currency)],
    ],
    "compact",
  );

const COUNTS = [
  "files",
  "opened",
  "kept",
  "resolved",
  "folded",
  "refused",
  "hunks",
  "remembered",
  "units",
  "failedUnits",
  "rejected",
  "refuted",
  "unverified",
] as const satisfies readonly (keyof ReviewResult["counts"])[];

const reviewSections = (texts: Texts, review: ReviewResult): Content => [
  section(texts.run.findings, findingTable(texts, texts.run.findings, review.findings)),
  section(
    texts.run.counts,
    facts(
      COUNTS.map((name) => [texts.counts[name], formatCount(texts, review.counts[name])]),
      "compact",
    ),
  ),
  review.remarks.length === 0
    ? null
    : section(
        texts.run.remarks,
        html`<ul>
          ${review.remarks.map((remark) => html`<li>${remark}</li>`)}
        </ul>`,
      ),
  section(
    texts.run.receipt,
    table({
      caption: texts.run.receipt,
      rows: review.files,
      empty: texts.none,
      columns: [
        { head: texts.words.file, kind: "long", cell: ({ path }) => html`<code>${path}</code>` },
        {
          head: texts.words.state,
          cell: ({ outcome }) =>
            html`<span class="badge ${outcome.kind}">${texts.outcomes[outcome.kind]}</span>`,
        },
        {
          head: texts.words.reason,
          kind: "long",
          cell: ({ outcome }) =>
            outcome.kind === "reviewed" ? null : html`<code>${outcome.reason}</code> ${outcome.detail}`,
        },
      ],
    }),
  ),
];

/** What a journal says of a node that has finished; other entries are no nodes. */
const NodeStep = z.object({
  ok: z.boolean(),
  elapsedMs: z.number(),
  usage: z.object({ totalTokens: z.number() }),
});

const stepsSection = (texts: Texts, steps: readonly StepView[]): Content => {
  const rows = steps.map((step) => {
    const parsed = NodeStep.safeParse(step.value === null ? null : parseJson(step.value));
    return { ...step, node: parsed.success ? parsed.data : null };
  });
  return [
    table({
      caption: texts.run.steps,
      rows,
      empty: texts.none,
      columns: [
        { head: texts.words.step, kind: "long", cell: ({ key }) => html`<code>${key}</code>` },
        {
          head: texts.words.state,
          cell: ({ node }) =>
            html`<span class="badge ${node?.ok === false ? "failed" : "succeeded"}"
              >${node?.ok === false ? texts.run.notOk : texts.run.ok}</span
            >`,
        },
        {
          head: texts.words.duration,
          kind: "number",
          cell: ({ node }) => (node === null ? null : formatDuration(node.elapsedMs)),
        },
        {
          head: texts.words.tokens,
          kind: "number",
          cell: ({ node }) => (node === null ? null : formatCount(texts, node.usage.totalTokens)),
        },
        { head: texts.words.size, kind: "number", cell: ({ length }) => formatBytes(length) },
      ],
    }),
    steps.length < MOST_STEPS ? null : html`<p class="hint">${texts.run.moreSteps(MOST_STEPS)}</p>`,
  ];
};

/** One run with everything that is known of it. */
export const runPage = (visit: Visit, details: RunDetails): Content => {
  const { texts } = visit;
  const { run, masking } = details;
  const review = readReview(run);
  return [
    html`<div class="actions" id="actions" data-region>${runActions(visit, run)}</div>`,
    section(texts.run.facts, factsSection(texts, details), "facts"),
    section(texts.run.usage, usageSection(texts, run), "usage"),
    section(texts.run.picture, details.flow),
    html`<div id="review" data-region>
      ${
        review === null
          ? run.result === null
            ? null
            : section(
                texts.run.result,
                html`<pre
                  tabindex="0"
                  role="region"
                  aria-label="${texts.run.result}"
                ><code>${JSON.stringify(masking.json(run.result), null, 2)}</code></pre>`,
              )
          : reviewSections(texts, review)
      }
    </div>`,
    section(texts.run.steps, stepsSection(texts, details.steps), "steps"),
  ];
};
