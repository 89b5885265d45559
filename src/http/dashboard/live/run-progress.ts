import type { Message } from "../../../messages/message.ts";
import type { JsonObject } from "../../../base/json.ts";
import type { FlowUsage } from "../../../flow/flow-event.ts";
import type { CallPart, RunEvent, RunEventNode } from "../../../store/run-event.ts";

/** How a node of a call stands, as a picture shows it. */
export type StepState =
  | "waiting"
  | "running"
  | "succeeded"
  | "failed"
  | "exception"
  | "retry"
  | "skipped"
  | "stopped";

/** How a call of a flow stands; `interrupted` when it was left unfinished. */
export type CallState = "running" | "succeeded" | "partial-succeeded" | "failed" | "stopped" | "interrupted";

/** One execution of a node. */
export type Step = {
  /** In the order of their beginnings, from 1 within the call. */
  readonly number: number;
  readonly node: RunEventNode;
  /** The step of the iteration or loop around it; null at the top level. */
  readonly parent: Step | null;
  readonly isContainer: boolean;
  state: StepState;
  elapsedMs: number | null;
  tokens: number;
  /** The models that answered in it, by their providers' names. */
  models: readonly string[];
  inputs: JsonObject | null;
  outputs: JsonObject | null;
  error: string | Message | null;
  retries: number;
  resumed: boolean;
  /** How many rounds a container will have, as far as that is known. */
  length: number | null;
  /** The rounds that have begun, in their order. */
  readonly rounds: Set<number>;
};

/** One call of a flow. */
export type Call = {
  readonly id: string;
  readonly key: string;
  readonly part: CallPart;
  readonly attempt: number;
  readonly files: readonly string[];
  readonly fileCount: number;
  readonly digest: string | null;
  state: CallState;
  elapsedMs: number | null;
  usage: FlowUsage | null;
  error: string | Message | null;
  omitted: number;
  /** That another runner stood in for the configured one, and why; null when none did. */
  fallbackUsed: string | null;
  readonly steps: Step[];
};

/** What has changed since the last time it was asked. */
export type ProgressChange = { readonly calls: ReadonlySet<Call>; readonly steps: ReadonlySet<Step> };

/** The calls of a run and their steps, as far as the events say. */
export type RunProgress = {
  readonly calls: readonly Call[];
  /** The `seq` of the last event; 0 for none. */
  readonly lastSeq: number;
  readonly apply: (events: readonly RunEvent[]) => void;
  /** Marks what is unfinished as interrupted: the run has ended. */
  readonly end: () => void;
  readonly takeChanges: () => ProgressChange;
};

const isOpen = ({ state }: Step): boolean => state === "running" || state === "retry";

const BEGUN = {
  state: "running",
  elapsedMs: null,
  usage: null,
  error: null,
  omitted: 0,
  fallbackUsed: null,
} as const;

/** Follows a run event by event; the same events always come to the same. */
export const createRunProgress = (): RunProgress => {
  const calls: Call[] = [];
  let lastSeq = 0;
  let changedCalls = new Set<Call>();
  let changedSteps = new Set<Step>();

  const endCall = (call: Call, state: CallState): void => {
    call.state = state;
    changedCalls.add(call);
    for (const step of call.steps.filter(isOpen)) {
      step.state = "stopped";
      changedSteps.add(step);
    }
  };
  const apply = (event: RunEvent): void => {
    lastSeq = Math.max(lastSeq, event.seq);
    if (event.kind === "call-started") {
      for (const call of calls)
        if (call.key === event.key && call.state === "running") endCall(call, "interrupted");
      const { callId: id, key, part, attempt, files, fileCount, digest } = event;
      calls.push({ id, key, part, attempt, files, fileCount, digest, ...BEGUN, steps: [] });
      changedCalls.add(calls.at(-1) ?? raise());
      return;
    }
    const call = calls.find(({ id }) => id === event.callId);
    // The beginning of a call that was recorded in part is missing: there is nothing to show it with.
    if (call === undefined) return;
    if (event.kind === "call-finished") {
      const { elapsedMs, usage, error, omitted, fallbackUsed = null } = event;
      Object.assign(call, { elapsedMs, usage, error, omitted, fallbackUsed });
      endCall(call, event.status);
      return;
    }
    changedSteps.add(applyToStep(call, event));
  };
  return {
    calls,
    get lastSeq() {
      return lastSeq;
    },
    apply: (events) => {
      for (const event of events) apply(event);
    },
    end: () => {
      for (const call of calls) if (call.state === "running") endCall(call, "interrupted");
    },
    takeChanges: () => {
      const changes = { calls: changedCalls, steps: changedSteps };
      changedCalls = new Set();
      changedSteps = new Set();
      return changes;
    },
  };
};

const raise = (): never => {
  throw new TypeError("A list that something was put into is not empty");
};

type StepEvent = Exclude<RunEvent, { readonly kind: "call-started" | "call-finished" }>;

/** The newest execution of a node, in the same round where it stands in a container. */
const lastStepOf = (call: Call, node: RunEventNode): Step | undefined =>
  call.steps.findLast(
    (step) =>
      step.node.nodeId === node.nodeId &&
      step.node.container?.nodeId === node.container?.nodeId &&
      step.node.container?.index === node.container?.index,
  );

const beginStep = (call: Call, node: RunEventNode, isContainer: boolean): Step => {
  const around = node.container;
  const parent =
    around === null
      ? null
      : (call.steps.findLast((step) => step.isContainer && step.node.nodeId === around.nodeId) ?? null);
  if (around !== null) parent?.rounds.add(around.index);
  const step: Step = {
    number: call.steps.length + 1,
    node,
    parent,
    isContainer,
    state: "running",
    elapsedMs: null,
    tokens: 0,
    models: [],
    inputs: null,
    outputs: null,
    error: null,
    retries: 0,
    resumed: false,
    length: null,
    rounds: new Set(),
  };
  call.steps.push(step);
  return step;
};

const openStep = (call: Call, node: RunEventNode, isContainer: boolean): Step => {
  const last = lastStepOf(call, node);
  return last !== undefined && isOpen(last) ? last : beginStep(call, node, isContainer);
};

const stateOfStatus = (status: string): StepState => {
  switch (status) {
    case "succeeded":
    case "failed":
    case "exception":
    case "stopped":
    case "retry":
      return status;
    default:
      return "running";
  }
};

const applyToStep = (call: Call, event: StepEvent): Step => {
  const isContainer = event.kind.startsWith("container-");
  const step = openStep(call, event.node, isContainer);
  switch (event.kind) {
    case "node-started":
      step.inputs = event.inputs;
      break;
    case "node-retry":
      step.state = "retry";
      step.error = event.error;
      step.retries = Math.max(step.retries, event.retryIndex);
      break;
    case "node-finished":
      step.state = stateOfStatus(event.status);
      step.inputs = event.inputs;
      step.outputs = event.outputs;
      step.error = event.error;
      step.elapsedMs = event.elapsedMs;
      step.resumed = event.resumed;
      step.tokens = event.usage.totalTokens;
      step.models = event.usage.models ?? [];
      for (let around = step.parent; around !== null; around = around.parent)
        around.tokens += event.usage.totalTokens;
      break;
    case "container-started":
      step.length = event.length;
      break;
    case "container-round":
      step.rounds.add(event.index);
      break;
    case "container-finished":
      step.state = stateOfStatus(event.status);
      step.outputs = event.outputs;
      step.error = event.error;
      step.elapsedMs = event.elapsedMs;
      break;
  }
  return step;
};

/** How each node of a call stands, the newest execution of it counting unless another still runs. */
export const nodeStates = (call: Call): ReadonlyMap<string, StepState> => {
  const states = new Map<string, StepState>();
  for (const { node, state } of call.steps) {
    const known = states.get(node.nodeId);
    if (known === "running" && state !== "running") continue;
    states.set(node.nodeId, state);
  }
  return states;
};

/**
 * Which call a page shows: the one that was asked for, else one that is under way, else the last one.
 * Undefined when there is none.
 */
export const chooseCall = (calls: readonly Call[], wanted: string | null): Call | undefined =>
  calls.find(({ id }) => id === wanted) ?? calls.find(({ state }) => state === "running") ?? calls.at(-1);
