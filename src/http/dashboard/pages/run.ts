import { reasonText } from "../markup/reason-text.ts";
import type { Translate } from "../../../messages/format-message.ts";
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
import type { Visit } from "../visit.ts";
import { findingTable, readReview } from "./findings.ts";

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
    ? actionButton(visit, `/runs/${id}/cancel`, visit.t("run.cancel"), "danger")
    : actionButton(visit, `/runs/${id}/again`, visit.t("run.again"));

const factsSection = (t: Translate, { run, gitlabUrl }: RunDetails): Content => {
  const { link, title } = mergeRequestOf(run, gitlabUrl);
  const { startedAtMs, finishedAtMs } = run;
  const tookMs = startedAtMs === null || finishedAtMs === null ? null : finishedAtMs - startedAtMs;
  return facts([
    [t("word.state"), stateBadge(t, run.state)],
    ...(run.reason === null ? [] : [[t("word.reason"), reasonText(t, run.reason)] as const]),
    ...(run.waitingFor === null
      ? []
      : [
          [
            t("run.waits-for"),
            html`${t(`peer.${run.waitingFor.kind}`)} <code>${run.waitingFor.name}</code>,
              ${t("outages.since")} ${formatTime(t, run.waitingFor.sinceMs)}`,
          ] as const,
        ]),
    [
      t("word.merge-request"),
      html`${link} ${title === "" ? null : html`<span class="soft">${title}</span>`}`,
    ],
    [t("word.flow"), run.flow],
    [t("word.trigger"), run.trigger],
    [t("word.head"), html`<code>${run.headSha ?? "–"}</code>`],
    [t("word.attempts"), formatCount(t, run.attempts)],
    [t("word.created"), formatTime(t, run.createdAtMs)],
    [t("word.started"), formatTime(t, startedAtMs)],
    ...(run.nextAttemptAtMs === null
      ? []
      : [[t("word.next-attempt"), formatTime(t, run.nextAttemptAtMs)] as const]),
    [t("word.finished"), formatTime(t, finishedAtMs)],
    [t("word.duration"), tookMs === null ? "–" : formatDuration(t, tookMs)],
    [t("word.delivery"), deliveryLink(run.deliveryId)],
    [t("word.id"), html`<code>${run.id}</code>`],
  ]);
};

const usageSection = (t: Translate, { usage }: Run): Content =>
  facts(
    [
      [t("word.tokens"), formatCount(t, usage.totalTokens)],
      [t("word.input-tokens"), formatCount(t, usage.promptTokens)],
      [t("word.output-tokens"), formatCount(t, usage.completionTokens)],
      [t("word.cost"), formatMoney(t, usage.totalPrice, usage.currency)],
      ...(usage.models === undefined ? [] : [[t("word.models"), usage.models.join(", ")] as const]),
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

const reviewSections = (t: Translate, review: ReviewResult): Content => [
  section(t("run.findings"), findingTable(t, t("run.findings"), review.findings)),
  section(
    t("run.counts"),
    facts(
      COUNTS.map((name) => [t(`count.${name}`), formatCount(t, review.counts[name])]),
      "compact",
    ),
  ),
  review.remarks.length === 0
    ? null
    : section(
        t("run.remarks"),
        html`<ul>
          ${review.remarks.map((remark) => html`<li>${reasonText(t, remark)}</li>`)}
        </ul>`,
      ),
  section(
    t("run.receipt"),
    table({
      caption: t("run.receipt"),
      rows: review.files,
      empty: t("list.none"),
      columns: [
        { head: t("word.file"), kind: "long", cell: ({ path }) => html`<code>${path}</code>` },
        {
          head: t("word.state"),
          cell: ({ outcome }) =>
            html`<span class="badge ${outcome.kind}">${t(`outcome.${outcome.kind}`)}</span>`,
        },
        {
          head: t("word.reason"),
          kind: "long",
          cell: ({ outcome }) => (outcome.kind === "reviewed" ? null : reasonText(t, outcome.reason)),
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

const stepsSection = (t: Translate, steps: readonly StepView[]): Content => {
  const rows = steps.map((step) => {
    const parsed = NodeStep.safeParse(step.value === null ? null : parseJson(step.value));
    return { ...step, node: parsed.success ? parsed.data : null };
  });
  return [
    table({
      caption: t("run.steps"),
      rows,
      empty: t("list.none"),
      columns: [
        { head: t("word.step"), kind: "long", cell: ({ key }) => html`<code>${key}</code>` },
        {
          head: t("word.state"),
          cell: ({ node }) =>
            html`<span class="badge ${node?.ok === false ? "failed" : "succeeded"}"
              >${node?.ok === false ? t("run.not-ok") : t("run.ok")}</span
            >`,
        },
        {
          head: t("word.duration"),
          kind: "number",
          cell: ({ node }) => (node === null ? null : formatDuration(t, node.elapsedMs)),
        },
        {
          head: t("word.tokens"),
          kind: "number",
          cell: ({ node }) => (node === null ? null : formatCount(t, node.usage.totalTokens)),
        },
        { head: t("word.size"), kind: "number", cell: ({ length }) => formatBytes(t, length) },
      ],
    }),
    steps.length < MOST_STEPS
      ? null
      : html`<p class="hint">${t("run.more-steps", { shown: MOST_STEPS })}</p>`,
  ];
};

/** One run with everything that is known of it. */
export const runPage = (visit: Visit, details: RunDetails): Content => {
  const { t } = visit;
  const { run, masking } = details;
  const review = readReview(run);
  return [
    html`<div class="actions" id="actions" data-region>${runActions(visit, run)}</div>`,
    section(t("run.facts"), factsSection(t, details), "facts"),
    section(t("run.usage"), usageSection(t, run), "usage"),
    section(t("run.picture"), details.flow),
    html`<div id="review" data-region>
      ${
        review === null
          ? run.result === null
            ? null
            : section(
                t("run.result"),
                html`<pre
                  tabindex="0"
                  role="region"
                  aria-label="${t("run.result")}"
                ><code>${JSON.stringify(masking.json(run.result), null, 2)}</code></pre>`,
              )
          : reviewSections(t, review)
      }
    </div>`,
    section(t("run.steps"), stepsSection(t, details.steps), "steps"),
  ];
};
