import { storedText, type Translate } from "../../../messages/format-message.ts";
import { raw } from "hono/html";
import type { Flow } from "../../../flow/flow.ts";
import type { Json, JsonObject } from "../../../base/json.ts";
import { formatCount, formatDuration, formatMoney } from "../markup/format.ts";
import { html, type Content, type Markup } from "../markup/markup.ts";
import type { Masking } from "../mask-text.ts";
import { drawnNodes, drawProgress, nodeAnchor } from "./draw-progress.ts";
import type { Call, CallState, Step, StepState } from "./run-progress.ts";

/** What the parts of a run's picture are made with. */
export type ProgressView = {
  readonly t: Translate;
  readonly masking: Masking;
};

/** The look of a state among the dashboard's badges. */
const BADGES: Readonly<Record<StepState | CallState, string>> = {
  waiting: "",
  running: "active",
  succeeded: "succeeded",
  "partial-succeeded": "partial-succeeded",
  failed: "failed",
  exception: "partial-succeeded",
  retry: "retrying",
  skipped: "",
  stopped: "",
  interrupted: "partial-succeeded",
};

const badge = (state: StepState | CallState, word: string): Markup =>
  html`<span class="badge ${BADGES[state]}">${word}</span>`;

const partName = (t: Translate, { role, index }: Call["part"]): string =>
  t("live.part", { role, number: index + 1 });

const roundsOf = (t: Translate, { rounds, length }: Step): string =>
  length === null
    ? t("live.rounds", { begun: rounds.size })
    : t("live.rounds-of", { begun: rounds.size, all: length });

const time = (t: Translate, elapsedMs: number | null): string =>
  elapsedMs === null ? "" : formatDuration(t, elapsedMs);

const tokens = ({ t }: ProgressView, count: number): Content =>
  count === 0 ? "" : html`${formatCount(t, count)} <span class="unit">${t("word.tokens")}</span>`;

/** The calls of a run to choose from; nothing for one call alone. */
export const callList = (view: ProgressView, path: string, calls: readonly Call[], shown: Call): Content => {
  if (calls.length < 2) return null;
  const { t } = view;
  return html`<ol>
    ${calls.map(
      (call) =>
        html`<li>
          <a
            href="${path}?call=${encodeURIComponent(call.id)}#flow"
            ${call === shown ? html`aria-current="true"` : null}
            >${badge(call.state, t(`live.call.${call.state}`))} ${partName(t, call.part)}
            ${call.attempt > 1 ? html`<span class="soft">${t("live.attempt", { number: call.attempt })}</span>` : null}
            <span class="files">${fileNames(t, call)}</span></a
          >
        </li>`,
    )}
  </ol>`;
};

const NAMED_FILES = 3;

const fileNames = (t: Translate, { files, fileCount }: Call): string => {
  const named = files.slice(0, NAMED_FILES);
  const more = fileCount - named.length;
  return [named.join(", "), more > 0 ? t("live.more-files", { count: more }) : ""].join(" ").trim();
};

/** What is known of the whole call. */
export const callHead = (view: ProgressView, call: Call, flow: Flow | null): Content => {
  const { t, masking } = view;
  const { usage } = call;
  const isOther = flow !== null && call.digest !== null && call.digest !== flow.digest;
  return [
    html`<p>
      ${badge(call.state, t(`live.call.${call.state}`))}
      <strong>${partName(t, call.part)}</strong> ${fileNames(t, call)}
      <span class="soft">${time(t, call.elapsedMs)}</span>
      <span class="soft">${tokens(view, usage?.totalTokens ?? 0)}</span>
      ${usage === null || (usage.totalPrice ?? 0) === 0 ? null : html`<span class="soft">${formatMoney(t, usage.totalPrice, usage.currency)}</span>`}
    </p>`,
    call.error === null ? null : html`<p class="notice bad">${masking.text(storedText(t, call.error))}</p>`,
    call.fallbackUsed === null
      ? null
      : html`<p class="notice">${t("live.fallback-used", { flow: masking.text(call.fallbackUsed) })}</p>`,
    call.omitted === 0 ? null : html`<p class="hint">${t("live.omitted", { count: call.omitted })}</p>`,
    isOther ? html`<p class="hint">${t("live.other-version")}</p>` : null,
    flow === null ? html`<p class="hint">${t("live.no-picture")}</p>` : null,
  ];
};

/** The flow with its nodes coloured by their states; nothing without a flow file. */
export const callPicture = (view: ProgressView, call: Call, flow: Flow | null): Content =>
  flow === null
    ? null
    : html`<div
        class="picture"
        tabindex="0"
        role="region"
        aria-label="${view.t("flows.picture", { name: flow.name })}"
      >
        ${raw(drawProgress(flow, drawnNodes(flow, call, view.t)))}
      </div>`;

/** The flow as it is, without the states of a run. */
export const plainPicture = ({ t }: ProgressView, flow: Flow): Content =>
  html`<div
    class="picture"
    tabindex="0"
    role="region"
    aria-label="${t("flows.picture", { name: flow.name })}"
  >
    ${raw(drawProgress(flow, []))}
  </div>`;

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** Masked as all texts of pages are; numbers stay, since counts of tokens are named like secrets. */
const masked = (value: Json, masking: Masking): Json => {
  if (typeof value === "string") return masking.text(value);
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) return value.map((item) => masked(item, masking));
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) =>
      typeof item === "string"
        ? Object.entries(masking.json({ [name]: item }) ?? {})
        : [[masking.text(name), masked(item, masking)]],
    ),
  );
};

const values = ({ masking }: ProgressView, title: string, value: JsonObject | null): Content =>
  value === null || Object.keys(value).length === 0
    ? null
    : html`<h3>${title}</h3>
        <pre
          tabindex="0"
          role="region"
          aria-label="${title}"
        ><code>${JSON.stringify(masked(value, masking), null, 2)}</code></pre>`;

const stepBody = (view: ProgressView, step: Step): Content => {
  const { t, masking } = view;
  const body = [
    step.error === null
      ? null
      : html`<p class="notice bad">${t("live.error")}: ${masking.text(storedText(t, step.error))}</p>`,
    step.retries === 0 ? null : html`<p class="hint">${t("live.retries", { count: step.retries })}</p>`,
    step.resumed ? html`<p class="hint">${t("live.resumed")}</p>` : null,
    step.models.length === 0
      ? null
      : html`<p class="hint">${t("live.answered-by", { models: masking.text(step.models.join(", ")) })}</p>`,
    values(view, t("live.inputs"), step.inputs),
    values(view, t("live.outputs"), step.outputs),
  ];
  return body.every((one) => one === null) && !step.isContainer
    ? html`<p class="hint">${t("list.none")}</p>`
    : body;
};

/** The id of a step's element. */
export const stepId = ({ number }: Step): string => `step-${number}`;

const roundId = (step: Step, index: number): string => `${stepId(step)}-round-${index}`;

const innerId = (id: string): string => `${id}-inner`;

/** The list that the element of a step stands in. */
export const placeOf = ({ parent, node: { container } }: Step): string =>
  parent === null || container === null ? "live-steps" : innerId(roundId(parent, container.index));

/** An entry of the list: what it is, then what shows when it is opened, then what is inside it. */
const entry = (
  id: string,
  state: StepState,
  summary: Content,
  body: Content,
  inner: { readonly items: Content } | null,
  anchor: { readonly nodeId: string; readonly isFirst: boolean } | null,
): Markup =>
  html`<li
    id="${id}"
    class="step"
    data-state="${state}"
    ${anchor === null ? null : html`data-node="${anchor.nodeId}"`}
  >
    ${anchor?.isFirst === true ? html`<span id="${nodeAnchor(anchor.nodeId)}"></span>` : null}
    <details>
      <summary>${summary}</summary>
      <div class="body">${body}</div>
      ${
        inner === null
          ? null
          : html`<ol id="${innerId(id)}" class="live-steps">
              ${inner.items}
            </ol>`
      }
    </details>
  </li>`;

const childrenOf = (call: Call, parent: Step, index: number): readonly Step[] =>
  call.steps.filter((step) => step.parent === parent && step.node.container?.index === index);

const roundState = (steps: readonly Step[]): StepState =>
  (["running", "retry", "failed", "stopped", "exception"] as const).find((wanted) =>
    steps.some(({ state }) => state === wanted),
  ) ?? "succeeded";

/** A round of a container, with its steps unless it is drawn `alone`. */
export const roundItem = (
  view: ProgressView,
  call: Call,
  step: Step,
  index: number,
  kind: "whole" | "alone",
): Markup => {
  const steps = childrenOf(call, step, index);
  const state = steps.length === 0 ? step.state : roundState(steps);
  const sum = steps.reduce((total, one) => total + one.tokens, 0);
  const summary = html`<span class="name">${view.t("live.round", { number: index + 1 })}</span>
    ${badge(state, view.t(`live.step.${state}`))} <span class="time"></span>
    <span class="tokens">${tokens(view, sum)}</span>`;
  const items = kind === "alone" ? null : steps.map((one) => stepItem(view, call, one, kind));
  return entry(roundId(step, index), state, summary, null, { items }, null);
};

/** A step of a call, with what is inside it unless it is drawn `alone`. */
export const stepItem = (view: ProgressView, call: Call, step: Step, kind: "whole" | "alone"): Markup => {
  const { node, state } = step;
  const rounds = step.rounds.size > 0 || step.length !== null;
  const summary = html`<span class="name"
      >${node.title === "" ? node.nodeType : node.title}
      <span class="soft">${node.nodeType}${rounds ? html` · ${roundsOf(view.t, step)}` : null}</span></span
    >
    ${badge(state, view.t(`live.step.${state}`))} <span class="time">${time(view.t, step.elapsedMs)}</span>
    <span class="tokens">${tokens(view, step.tokens)}</span>`;
  const items =
    kind === "alone" ? null : [...step.rounds].map((index) => roundItem(view, call, step, index, kind));
  const isFirst = call.steps.find((one) => one.node.nodeId === node.nodeId) === step;
  return entry(stepId(step), state, summary, stepBody(view, step), step.isContainer ? { items } : null, {
    nodeId: node.nodeId,
    isFirst,
  });
};

/** The steps of a call; those inside containers in their rounds. */
export const stepList = (view: ProgressView, call: Call): Markup => {
  const { t } = view;
  return html`<div class="step-heads" aria-hidden="true">
      <span>${t("live.node")}</span><span>${t("word.state")}</span><span>${t("word.duration")}</span
      ><span>${t("word.tokens")}</span>
    </div>
    <ol id="live-steps" class="live-steps" aria-label="${t("live.step-list")}">
      ${call.steps.filter(({ parent }) => parent === null).map((step) => stepItem(view, call, step, "whole"))}
    </ol>`;
};
