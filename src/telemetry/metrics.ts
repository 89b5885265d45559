import { Registry } from "prom-client";
import type { FlowUsage, NodeRef } from "../flow/flow-event.ts";
import type {
  AttemptFact,
  DeliveryFact,
  FlowFact,
  GitLabCallFact,
  ModelCallFact,
  NodeFact,
  PublishFact,
  QueueFact,
  RunFact,
  ThreadCounts,
  TokenKind,
} from "./facts.ts";
import { type Instruments, createInstruments } from "./instruments.ts";
import { ATTEMPT_ENDS, type Labels, RUN_ENDS, createLabels } from "./labels.ts";
import { processMetrics } from "./process-metrics.ts";
import { type ProtectionMetrics, createProtectionMetrics } from "./protection-metrics.ts";

/** Takes facts and tells them as Prometheus metrics. Nothing in it throws, whatever a fact holds. */
export type Metrics = {
  readonly delivery: (fact: DeliveryFact) => void;
  /** Shows a configured flow's counters from the start: one that begins with its first event hides that from `rate()`. */
  readonly flowConfigured: (flow: string) => void;
  readonly runStarted: (flow: string, waitedMs: number | null) => void;
  readonly attemptEnded: (fact: AttemptFact) => void;
  readonly runEnded: (fact: RunFact) => void;
  readonly nodeEnded: (fact: NodeFact) => void;
  readonly nodeRetried: (node: Pick<NodeRef, "nodeType">) => void;
  readonly flowEnded: (fact: FlowFact) => void;
  readonly modelCall: (fact: ModelCallFact) => void;
  readonly gitLabCall: (fact: GitLabCallFact, token: TokenKind) => void;
  readonly published: (fact: PublishFact) => void;
  readonly noteWritten: (outcome: "created" | "updated" | "unchanged") => void;
  readonly threads: (counts: ThreadCounts) => void;
  readonly storeError: (code: string) => void;
  readonly spansExported: (count: number, taken: boolean) => void;
  readonly protection: ProtectionMetrics;
  /**
   * The text of all metrics, those of the process among them, with its content type. `readQueue` is asked
   * once; its rejection shows as `reviewflow_store_up 0`.
   */
  readonly render: (
    readQueue: () => Promise<QueueFact>,
  ) => Promise<{ readonly contentType: string; readonly text: string }>;
};

const seconds = (ms: number): number => (Number.isFinite(ms) ? Math.max(0, ms) / 1_000 : 0);
const amount = (value: number): number => (Number.isFinite(value) ? Math.max(0, value) : 0);

/** Creates metrics with a registry of their own. `now` is in milliseconds since the epoch. */
export const createMetrics = (now: () => number): Metrics => {
  const registry = new Registry();
  const instruments = createInstruments(registry);
  const labels = createLabels();
  startAtZero(instruments);
  return {
    ...runMetrics(instruments, labels),
    ...flowMetrics(instruments, labels),
    ...forgeMetrics(instruments, labels),
    protection: createProtectionMetrics(registry),
    render: async (readQueue) => {
      await showQueue(instruments, readQueue, now);
      const text = `${await registry.metrics()}${await processMetrics().metrics()}`;
      // The library writes `Nan`, where the format has `NaN`.
      return { contentType: registry.contentType, text: text.replaceAll(/ Nan$/gm, " NaN") };
    },
  };
};

/** A counter that is not there before its first event hides that event from `rate()`. */
const startAtZero = ({ deliveries, threads, publications, notes, spans, storeErrors }: Instruments): void => {
  for (const outcome of ["review", "reply", "cancel", "ignore", "duplicate"])
    deliveries.inc({ outcome, reason: "none" }, 0);
  for (const result of ["opened", "kept", "resolved", "folded", "refused"]) threads.inc({ result }, 0);
  for (const outcome of ["succeeded", "failed"]) publications.inc({ outcome }, 0);
  for (const outcome of ["created", "updated", "unchanged"]) notes.inc({ outcome }, 0);
  for (const outcome of ["exported", "failed"]) spans.inc({ outcome }, 0);
  for (const code of ["store-unreachable", "store-conflict", "store-disk-full", "store-query-failed"])
    storeErrors.inc({ code }, 0);
};

/** A store that does not answer leaves the queue unknown: a number from before would look like the present. */
const showQueue = async (
  { storeUp, queue, queueHeld, queueOldest }: Instruments,
  readQueue: () => Promise<QueueFact>,
  now: () => number,
): Promise<void> => {
  try {
    const { queued, waiting, parked, retrying, active, oldestQueuedAtMs } = await readQueue();
    queue.set({ state: "queued" }, queued);
    queueHeld.set({ why: "waiting" }, waiting - parked);
    queueHeld.set({ why: "parked" }, parked);
    queue.set({ state: "retrying" }, retrying);
    queue.set({ state: "active" }, active);
    queueOldest.set(oldestQueuedAtMs === null ? 0 : seconds(now() - oldestQueuedAtMs));
    storeUp.set(1);
  } catch {
    queue.reset();
    queueHeld.reset();
    queueOldest.remove();
    storeUp.set(0);
  }
};

type RunMetrics = Pick<
  Metrics,
  "delivery" | "flowConfigured" | "runStarted" | "attemptEnded" | "runEnded" | "storeError" | "spansExported"
>;

const runMetrics = (instruments: Instruments, labels: Labels): RunMetrics => ({
  delivery: ({ outcome: named, reason, ackMs }) => {
    const outcome = labels.delivery(named);
    instruments.deliveries.inc({ outcome, reason: reason === null ? "none" : labels.reason(reason) });
    instruments.ack.observe({ outcome }, seconds(ackMs));
  },
  flowConfigured: (named) => {
    const flow = labels.flow(named);
    for (const state of RUN_ENDS) instruments.runs.inc({ flow, state }, 0);
    for (const outcome of ATTEMPT_ENDS) instruments.attempts.inc({ flow, outcome }, 0);
  },
  runStarted: (named, waitedMs) => {
    const flow = labels.flow(named);
    instruments.activeRuns.inc({ flow });
    if (waitedMs !== null) instruments.queueWait.observe({ flow }, seconds(waitedMs));
  },
  attemptEnded: ({ flow: named, outcome, elapsedMs }) => {
    const flow = labels.flow(named);
    instruments.activeRuns.dec({ flow });
    instruments.attempts.inc({ flow, outcome: labels.attempt(outcome) });
    instruments.attemptTime.observe({ flow }, seconds(elapsedMs));
  },
  runEnded: ({ flow: named, state, elapsedMs }) => {
    const flow = labels.flow(named);
    instruments.runs.inc({ flow, state: labels.runState(state) });
    instruments.runTime.observe({ flow }, seconds(elapsedMs));
  },
  storeError: (code) => instruments.storeErrors.inc({ code: labels.code(code) }),
  spansExported: (count, taken) =>
    instruments.spans.inc({ outcome: taken ? "exported" : "failed" }, amount(count)),
});

type FlowMetrics = Pick<Metrics, "nodeEnded" | "nodeRetried" | "flowEnded" | "modelCall">;

/** Tokens by their direction; those of which only the total is known have one of their own. */
const tokensOf = ({ totalTokens, promptTokens, completionTokens }: FlowUsage): readonly [string, number][] =>
  promptTokens === null || completionTokens === null
    ? [["unsplit", totalTokens]]
    : [
        ["input", promptTokens],
        ["output", completionTokens],
      ];

const flowMetrics = (instruments: Instruments, labels: Labels): FlowMetrics => ({
  nodeEnded: ({ kind, status, elapsedMs }) =>
    instruments.nodeTime.observe(
      { kind: labels.nodeKind(kind), status: labels.nodeStatus(status) },
      seconds(elapsedMs),
    ),
  nodeRetried: ({ nodeType }) => instruments.nodeRetries.inc({ kind: labels.nodeKind(nodeType) }),
  flowEnded: ({ flow: named, status, usage }) => {
    const flow = labels.flow(named);
    instruments.flowRuns.inc({ flow, status: labels.flowStatus(status) });
    for (const [direction, tokens] of tokensOf(usage))
      instruments.flowTokens.inc({ flow, direction }, amount(tokens));
    instruments.flowCost.inc(
      { flow, currency: labels.currency(usage.currency) },
      amount(usage.totalPrice ?? 0),
    );
  },
  modelCall: ({ model: named, outcome, elapsedMs, usage }) => {
    const model = labels.model(named);
    instruments.modelCalls.inc({ model, outcome: labels.modelOutcome(outcome) });
    instruments.modelTime.observe({ model }, seconds(elapsedMs));
    for (const [direction, tokens] of tokensOf(usage))
      instruments.modelTokens.inc({ model, direction }, amount(tokens));
    instruments.modelCost.inc(
      { model, currency: labels.currency(usage.currency) },
      amount(usage.totalPrice ?? 0),
    );
  },
});

type ForgeMetrics = Pick<Metrics, "gitLabCall" | "published" | "noteWritten" | "threads">;

const forgeMetrics = (instruments: Instruments, labels: Labels): ForgeMetrics => ({
  gitLabCall: (call, token) => {
    const method = labels.method(call.method);
    const route = labels.route(call.route);
    instruments.gitLabCalls.inc({ method, route, status: statusClass(call.status) });
    instruments.gitLabTime.observe({ method, route }, seconds(call.durationMs));
    if (call.quota === null) return;
    instruments.quotaLimit.set({ token }, amount(call.quota.limit));
    instruments.quotaRemaining.set({ token }, amount(call.quota.remaining));
  },
  published: ({ failed, elapsedMs }) => {
    instruments.publications.inc({ outcome: failed ? "failed" : "succeeded" });
    instruments.publishTime.observe(seconds(elapsedMs));
  },
  noteWritten: (outcome) => instruments.notes.inc({ outcome }),
  threads: (counts) => {
    for (const [result, count] of Object.entries(counts)) instruments.threads.inc({ result }, amount(count));
  },
});

const statusClass = (status: number | null): string =>
  status === null || !Number.isInteger(status) || status < 100 || status > 599
    ? "none"
    : `${Math.floor(status / 100)}xx`;
