import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Upper bounds in seconds: GitLab gives up on a webhook after ten. */
const ACK_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const CALL_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const WORK_BUCKETS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_200];
const NODE_BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** Makes metrics of one registry; names get the prefix that all of ours have. */
const createMakers = (registry: Registry) => {
  const named = (name: string, help: string) => ({ name: `reviewflow_${name}`, help, registers: [registry] });
  return {
    counter: <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      new Counter<L>({ ...named(name, help), labelNames }),
    gauge: <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      new Gauge<L>({ ...named(name, help), labelNames }),
    histogram: <L extends string>(
      name: string,
      help: string,
      buckets: readonly number[],
      labelNames: readonly L[] = [],
    ) => new Histogram<L>({ ...named(name, help), labelNames, buckets: [...buckets] }),
  };
};

const createRunInstruments = (registry: Registry) => {
  const { counter, gauge, histogram } = createMakers(registry);
  return {
    deliveries: counter("deliveries_total", "Webhooks received, by what became of them.", [
      "outcome",
      "reason",
    ]),
    ack: histogram("delivery_ack_seconds", "From a webhook's arrival to its answer.", ACK_BUCKETS, [
      "outcome",
    ]),
    storeUp: gauge("store_up", "1 while the store answers, else 0; the queue is then unknown."),
    queue: gauge("queue_runs", "Unfinished runs of all instances, by state.", ["state"]),
    queueHeld: gauge("queue_held_runs", "Queued runs that wait for something outside, or that are parked.", [
      "why",
    ]),
    queueOldest: gauge(
      "queue_oldest_seconds",
      "Age of the oldest run that waits to be claimed; 0 when none does.",
    ),
    activeRuns: gauge("active_runs", "Runs that this process works on.", ["flow"]),
    attempts: counter("run_attempts_total", "Attempts of runs in this process, by how they were left.", [
      "flow",
      "outcome",
    ]),
    attemptTime: histogram("run_attempt_seconds", "Time of an attempt of a run.", WORK_BUCKETS, ["flow"]),
    queueWait: histogram("run_queue_wait_seconds", "From a delivery to the first attempt.", WORK_BUCKETS, [
      "flow",
    ]),
    runs: counter("runs_total", "Runs that came to their end in this process, by final state.", [
      "flow",
      "state",
    ]),
    runTime: histogram("run_seconds", "From a delivery to the end of its run.", WORK_BUCKETS, ["flow"]),
    storeErrors: counter("store_errors_total", "Failures of the store, by their code.", ["code"]),
  };
};

const createFlowInstruments = (registry: Registry) => {
  const { counter, histogram } = createMakers(registry);
  return {
    nodeTime: histogram("node_seconds", "Time of a node of a flow, by its kind.", NODE_BUCKETS, [
      "kind",
      "status",
    ]),
    nodeRetries: counter("node_retries_total", "Repeated attempts of nodes, by their kind.", ["kind"]),
    flowRuns: counter("flow_runs_total", "Runs of workflow files or Dify apps, several per review.", [
      "flow",
      "status",
    ]),
    flowTokens: counter("flow_tokens_total", "Tokens that flows consumed, on Dify too.", [
      "flow",
      "direction",
    ]),
    flowCost: counter("flow_cost_total", "What flows cost, in the model's currency.", ["flow", "currency"]),
    modelCalls: counter("model_calls_total", "Attempts of model calls from this process.", [
      "model",
      "outcome",
    ]),
    modelTime: histogram("model_call_seconds", "Time of an attempt of a model call.", WORK_BUCKETS, [
      "model",
    ]),
    modelTokens: counter("model_tokens_total", "Tokens of model calls from this process.", [
      "model",
      "direction",
    ]),
    modelCost: counter("model_cost_total", "What model calls cost, by the configured price.", [
      "model",
      "currency",
    ]),
  };
};

const createForgeInstruments = (registry: Registry) => {
  const { counter, gauge, histogram } = createMakers(registry);
  return {
    gitLabCalls: counter("gitlab_calls_total", "Attempts of GitLab calls, by class of status.", [
      "method",
      "route",
      "status",
    ]),
    gitLabTime: histogram("gitlab_call_seconds", "Time of an attempt of a GitLab call.", CALL_BUCKETS, [
      "method",
      "route",
    ]),
    quotaLimit: gauge("gitlab_ratelimit_limit", "GitLab's rate limit, as its last answer told.", ["token"]),
    quotaRemaining: gauge(
      "gitlab_ratelimit_remaining",
      "What is left of GitLab's rate limit, as its last answer told.",
      ["token"],
    ),
    publications: counter("publications_total", "Publications to GitLab, by whether they went through.", [
      "outcome",
    ]),
    publishTime: histogram("publication_seconds", "Time of a publication to GitLab.", CALL_BUCKETS),
    threads: counter(
      "publish_threads_total",
      "Findings of finished reviews, by what became of their threads.",
      ["result"],
    ),
    notes: counter("publish_notes_total", "Notes and summaries, by what was done.", ["outcome"]),
    spans: counter("trace_spans_total", "Spans handed to the collector, by whether it took them.", [
      "outcome",
    ]),
  };
};

/** Every metric of ours, registered; docs/metrics.md lists them. */
export const createInstruments = (registry: Registry) => ({
  ...createRunInstruments(registry),
  ...createFlowInstruments(registry),
  ...createForgeInstruments(registry),
});

/** Every metric of ours. */
export type Instruments = ReturnType<typeof createInstruments>;
