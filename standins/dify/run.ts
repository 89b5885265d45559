import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  NodeFailure,
  type Fields,
  type NodeEnd,
  type ProgramContext,
  type ProgramEnd,
  type ProgramNode,
  type StandInApp,
} from "./stand-in-app.ts";

/** One frame of a run's stream, as it goes over the wire. */
export type RunFrame = Fields & { readonly event: string };

/** A run as the stand-in knows it. */
export type StandInRun = {
  readonly id: string;
  readonly taskId: string;
  readonly logId: string;
  readonly workflowId: string;
  readonly app: StandInApp;
  readonly appId: string;
  readonly user: string;
  readonly userId: string;
  /** As they were given; from the start on as the form has them. */
  inputs: Fields;
  /** Runs where it was asked for: outside the queue, and without events that anybody else could follow. */
  readonly blocking: boolean;
  createdAt: number;
  status: "scheduled" | "running" | "succeeded" | "failed" | "stopped" | "partial-succeeded" | "paused";
  outputs: Fields;
  error: string | null;
  startedAt: number | null;
  finishedAt: number | null;
  elapsed: number;
  totalTokens: number;
  totalSteps: number;
  /** Failures of its nodes, those after which a node was tried again among them. */
  exceptions: number;
  /** Not shown any more: a fault made Dify forget it. */
  forgotten: boolean;
  /** Its end is not shown: a fault left it running. */
  stuck: boolean;
  /** Its worker died: it is shown as running for ever, and nothing comes of it. */
  abandoned: boolean;
  readonly diesAfter: number;
  /** The frame that a request got in a run's stead; such a run has never begun. */
  refusedWith: Fields | null;
  readonly frames: RunFrame[];
  readonly controller: AbortController;
};

/** What is asked for. */
export type RunOrder = {
  readonly app: StandInApp;
  readonly workflowId: string;
  readonly user: string;
  readonly inputs: Fields;
  readonly streaming: boolean;
  /** After so many of its events its worker dies, and another takes its place. */
  readonly diesAfter?: number;
};

/** Whether nothing more comes of a run. */
export const isOver = (run: StandInRun): boolean => run.status !== "scheduled" && run.status !== "running";

/** Seconds since the epoch, in which Dify's API gives times. */
const seconds = (): number => Math.floor(Date.now() / 1000);

/** The error that a stopped run has in Dify's database; its stream has another. */
const STOPPED = "Aborted: User requested stop";

/** The inputs of a run with the system's variables; the database has the time among them, the stream has not. */
export const inputsWithSystem = (run: StandInRun, timestamp?: "timestamp"): Fields => ({
  ...run.inputs,
  "sys.files": [],
  "sys.user_id": run.user,
  "sys.app_id": run.appId,
  ...(timestamp === undefined ? {} : { "sys.timestamp": run.createdAt }),
  "sys.workflow_id": run.workflowId,
  "sys.workflow_run_id": run.id,
});

/** How a run ended, as a blocking answer has it. */
export const endOf = (run: StandInRun): Fields => ({
  id: run.id,
  workflow_id: run.workflowId,
  status: run.status,
  outputs: run.outputs,
  error: run.error,
  elapsed_time: run.elapsed,
  total_tokens: run.totalTokens,
  total_steps: run.totalSteps,
  created_at: run.createdAt,
  finished_at: run.finishedAt,
});

/** The `data` of `workflow_finished`, with the error as the database has it. */
export const finishedData = (run: StandInRun): Fields => {
  const { created_at, finished_at, ...end } = endOf(run);
  return {
    ...end,
    created_by: { id: run.userId, user: run.user },
    created_at,
    finished_at,
    exceptions_count: run.exceptions,
    files: [],
  };
};

const NOT_IN_SNAPSHOT = new Set([
  "inputs_truncated",
  "process_data_truncated",
  "outputs_truncated",
  "agent_strategy",
]);
const EMPTY_IN_SNAPSHOT = new Set(["inputs", "process_data", "outputs", "execution_metadata"]);

/**
 * The frames with which a rejoined stream begins: the run's start and its nodes as the database has them. In
 * the place of the task id stands the run's id, and the nodes are counted.
 */
export const snapshotOf = (run: StandInRun): readonly RunFrame[] => {
  const frame = (event: string, data: Fields): RunFrame => ({
    event,
    task_id: run.id,
    workflow_run_id: run.id,
    data,
  });
  const places = new Map<unknown, number>();
  return run.frames.flatMap(({ event, data }) => {
    const fields: Fields = typeof data === "object" && data !== null ? { ...data } : {};
    if (event === "workflow_started")
      return [frame(event, { ...fields, inputs: inputsWithSystem(run, "timestamp") })];
    if (event !== "node_started" && event !== "node_finished") return [];
    const id = fields["id"];
    const index = places.get(id) ?? places.size + 1;
    places.set(id, index);
    const shown = Object.entries({ ...fields, index }).flatMap(([key, value]): [string, unknown][] => {
      if (NOT_IN_SNAPSHOT.has(key)) return [];
      return [[key, EMPTY_IN_SNAPSHOT.has(key) ? null : value]];
    });
    return [frame(event, Object.fromEntries(shown))];
  });
};

const DEFAULT_MODEL = { provider: "langgenius/gemini/google", name: "gemini-2.5-flash" };

const usageOf = (usage: NonNullable<NodeEnd["usage"]>, latency: number): Fields => {
  const price = (part: "prompt" | "completion"): Fields => ({
    [`${part}_unit_price`]: "0",
    [`${part}_price_unit`]: "0",
    [`${part}_price`]: "0E-7",
  });
  const first = usage.completion_tokens === 0 ? null : latency;
  return {
    prompt_tokens: usage.prompt_tokens,
    ...price("prompt"),
    completion_tokens: usage.completion_tokens,
    ...price("completion"),
    total_tokens: usage.prompt_tokens + usage.completion_tokens,
    total_price: "0E-7",
    currency: "USD",
    latency,
    time_to_first_token: first,
    time_to_generate: first === null ? null : 0,
  };
};

/** What an LLM node's events hold beside what its program gave. */
const llmParts = (node: ProgramNode, end: Partial<NodeEnd>, latency: number): Partial<NodeEnd> => {
  const { provider, name } = node.model ?? DEFAULT_MODEL;
  const model = { model_provider: provider, model_name: name };
  const inputs = { ...end.inputs, ...model };
  if (end.usage === undefined) return { ...end, inputs };
  const usage = usageOf(end.usage, latency);
  return {
    usage: end.usage,
    inputs,
    processData: {
      model_mode: "chat",
      prompts: end.processData?.["prompts"] ?? [],
      usage,
      finish_reason: "stop",
      ...model,
    },
    outputs: { text: "", reasoning_content: "", usage, finish_reason: "stop", ...end.outputs },
  };
};

/** The text of a failure. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

type Events = {
  readonly context: ProgramContext;
  readonly started: () => void;
  /** The last frame, from how the run ended. */
  readonly ended: () => void;
};

/** What writes the events of one run; `notify` is called after each. */
const createEvents = (run: StandInRun, scale: number, notify: () => void): Events => {
  const { signal } = run.controller;
  const since = (begin: number): number => (Date.now() - begin) / 1000 / scale;
  const push = (event: string, data: Fields): void => {
    if (run.abandoned) return;
    run.frames.push({ event, workflow_run_id: run.id, task_id: run.taskId, data });
    notify();
  };
  const sleep = (ms: number): Promise<void> => delay(ms * scale, undefined, { signal });

  const node: ProgramContext["node"] = async (of, work, beforeEnd) => {
    signal.throwIfAborted();
    const [id, begin, createdAt] = [randomUUID(), Date.now(), seconds()];
    const place = { iteration_id: of.iteration?.id ?? null, loop_id: null };
    const names = { id, node_id: of.id, node_type: of.type, title: of.title };
    const about = { ...names, index: 1, predecessor_node_id: null };
    const countStep = (): void => {
      if (of.iteration === undefined) run.totalSteps += 1;
    };
    countStep();
    push("node_started", {
      ...about,
      inputs: null,
      inputs_truncated: false,
      created_at: createdAt,
      extras: {},
      ...place,
      agent_strategy: null,
    });
    const end = (
      status: string,
      error: string | null,
      given: Partial<NodeEnd>,
      metadata: Fields,
    ): { readonly data: Fields; readonly outputs: Fields } => {
      const parts = of.type === "llm" ? llmParts(of, given, since(begin)) : given;
      const execution = {
        ...metadata,
        ...(of.iteration === undefined
          ? {}
          : { iteration_id: of.iteration.id, iteration_index: of.iteration.index }),
      };
      const outputs = parts.outputs ?? {};
      const data = {
        ...about,
        inputs: parts.inputs ?? {},
        inputs_truncated: false,
        process_data: parts.processData ?? {},
        process_data_truncated: false,
        outputs,
        outputs_truncated: false,
        status,
        error,
        elapsed_time: since(begin),
        execution_metadata: Object.keys(execution).length === 0 ? null : execution,
        created_at: createdAt,
        finished_at: seconds(),
        files: [],
        ...place,
      };
      return { data, outputs };
    };
    const failWith = (error: unknown): { readonly outputs: Fields; readonly failed: true } => {
      run.exceptions += 1;
      const shown = error instanceof NodeFailure ? error.shown : {};
      if (of.hasFailBranch !== true) {
        push("node_finished", end("failed", messageOf(error), shown, {}).data);
        throw error;
      }
      const type = error instanceof NodeFailure ? error.type : "Exception";
      const outputs = { error_message: messageOf(error), error_type: type };
      beforeEnd?.(outputs, true);
      const strategy = { error_strategy: "fail-branch" };
      push("node_finished", end("exception", "Unknown error", { ...shown, outputs }, strategy).data);
      return { outputs, failed: true };
    };
    for (let tried = 0; ; tried += 1) {
      try {
        const given = await work();
        signal.throwIfAborted();
        const tokens = (given.usage?.prompt_tokens ?? 0) + (given.usage?.completion_tokens ?? 0);
        run.totalTokens += tokens;
        const sums = given.usage && { total_tokens: tokens, total_price: "0E-7", currency: "USD" };
        const { data, outputs } = end("succeeded", null, given, sums ?? {});
        beforeEnd?.(outputs, false);
        push("node_finished", data);
        return { outputs, failed: false };
      } catch (error) {
        signal.throwIfAborted();
        if (tried >= (of.retry?.times ?? 0)) return failWith(error);
        countStep();
        run.exceptions += 1;
        const shown = error instanceof NodeFailure ? error.shown : {};
        const { data } = end("retry", messageOf(error), shown, {});
        push("node_retry", { ...data, retry_index: tried + 1 });
        await sleep(of.retry?.intervalMs ?? 0);
      }
    }
  };

  const iterate: ProgramContext["iterate"] = async (of, items, each) => {
    signal.throwIfAborted();
    run.totalSteps += 1;
    const [begin, tokensBefore] = [Date.now(), run.totalTokens];
    const about = { id: of.id, node_id: of.id, node_type: of.type, title: of.title };
    const inputs = { iterator_selector: items };
    push("iteration_started", {
      ...about,
      created_at: seconds(),
      extras: {},
      metadata: { iteration_length: items.length },
      inputs,
      inputs_truncated: false,
    });
    const results: unknown[] = [];
    const durations: Record<string, number> = {};
    const complete = (status: string, error: string | null, outputs: Fields): void => {
      const total_tokens = run.totalTokens - tokensBefore;
      const sums = { total_tokens, total_price: "0E-7", currency: "USD" };
      push("iteration_completed", {
        ...about,
        outputs,
        outputs_truncated: false,
        created_at: seconds(),
        extras: {},
        inputs,
        inputs_truncated: false,
        status,
        error,
        elapsed_time: since(begin),
        total_tokens,
        execution_metadata: { ...sums, iteration_duration_map: durations },
        finished_at: seconds(),
        steps: items.length,
      });
    };
    for (const [index, item] of items.entries()) {
      push("iteration_next", { ...about, index, created_at: seconds(), extras: {} });
      const itemBegin = Date.now();
      try {
        results.push(await each(item, index));
      } catch (error) {
        signal.throwIfAborted();
        complete("failed", messageOf(error), {});
        throw error;
      }
      durations[String(index)] = since(itemBegin);
    }
    complete("succeeded", null, { output: results });
    return results;
  };

  return {
    context: {
      inputs: run.inputs,
      user: run.user,
      workflowRunId: run.id,
      workflowId: run.workflowId,
      appId: run.appId,
      signal,
      node,
      iterate,
      emit: push,
      sleep,
    },
    started: () =>
      push("workflow_started", {
        id: run.id,
        workflow_id: run.workflowId,
        inputs: inputsWithSystem(run),
        created_at: run.createdAt,
        reason: "initial",
      }),
    ended: () => {
      if (run.status === "paused") {
        const paused = { workflow_run_id: run.id, outputs: {}, paused_nodes: [], reasons: [] };
        return push("workflow_paused", paused);
      }
      const data = finishedData(run);
      push("workflow_finished", run.status === "stopped" ? { ...data, error: "Stopped by user." } : data);
    },
  };
};

/** A run that has been asked for and not begun. */
export const newRun = (order: RunOrder, appId: string, userId: string): StandInRun => ({
  id: randomUUID(),
  taskId: randomUUID(),
  logId: randomUUID(),
  workflowId: order.workflowId,
  app: order.app,
  appId,
  user: order.user,
  userId,
  inputs: order.inputs,
  blocking: !order.streaming,
  createdAt: seconds(),
  status: "scheduled",
  outputs: {},
  error: null,
  startedAt: null,
  finishedAt: null,
  elapsed: 0,
  totalTokens: 0,
  totalSteps: 0,
  exceptions: 0,
  forgotten: false,
  stuck: false,
  abandoned: false,
  diesAfter: order.diesAfter ?? Number.POSITIVE_INFINITY,
  refusedWith: null,
  frames: [],
  controller: new AbortController(),
});

const statusOf = (end: ProgramEnd, run: StandInRun): StandInRun["status"] =>
  end.status === "succeeded" && run.exceptions > 0 ? "partial-succeeded" : end.status;

/** Runs the program of a run's app to its end; `notify` is called after each event. */
export const executeRun = async (run: StandInRun, scale: number, notify: () => void): Promise<void> => {
  const begin = Date.now();
  run.status = "running";
  run.startedAt = begin;
  run.createdAt = seconds();
  const events = createEvents(run, scale, notify);
  const { signal } = run.controller;
  let end: Pick<StandInRun, "status" | "outputs" | "error">;
  events.started();
  try {
    signal.throwIfAborted();
    const given = await run.app.program(events.context);
    const leftMs = (run.app.runMs ?? 0) - (Date.now() - begin) / scale;
    if (leftMs > 0) await events.context.sleep(leftMs);
    end = { status: statusOf(given, run), outputs: given.outputs, error: given.error ?? null };
  } catch (error) {
    end = signal.aborted
      ? { status: "stopped", outputs: {}, error: STOPPED }
      : { status: "failed", outputs: {}, error: messageOf(error) };
  }
  if (run.abandoned) return;
  Object.assign(run, end);
  run.elapsed = (Date.now() - begin) / 1000 / scale;
  run.finishedAt = seconds();
  events.ended();
};
