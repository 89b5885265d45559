import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Fields, NodeEnd, ProgramContext, ProgramNode } from "./stand-in-app.ts";
import { seconds, type RunFrame, type StandInRun } from "./stand-in-run.ts";

/** Writes a run's frames. */
export type RunEvents = {
  readonly context: ProgramContext;
  readonly started: () => void;
  /** The last frame, from how the run stands. */
  readonly ended: () => void;
};

/** The `data` of `workflow_finished`, which is also that of a blocking answer. */
export const finishedData = (run: StandInRun): Fields => ({
  id: run.id,
  workflow_id: run.workflowId,
  status: run.status,
  outputs: run.outputs,
  error: run.error,
  elapsed_time: run.startedAt === null ? 0 : (Date.now() - run.startedAt) / 1000,
  total_tokens: run.totalTokens,
  total_steps: run.totalSteps,
  created_at: run.createdAt,
  finished_at: run.finishedAt,
});

/** A frame of `run`. */
export const frameOf = (run: StandInRun, event: string, data: Fields): RunFrame => ({
  event,
  task_id: run.taskId,
  workflow_run_id: run.id,
  data,
});

const nodeData = (id: string, index: number, node: ProgramNode, inputs: Fields | undefined): Fields => ({
  id,
  node_id: node.id,
  node_type: node.type,
  title: node.title,
  index,
  predecessor_node_id: null,
  inputs: inputs ?? null,
  created_at: seconds(),
  iteration_id: node.iterationId ?? null,
  loop_id: null,
});

const usageOf = (end: NodeEnd): Fields | null =>
  end.usage === undefined
    ? null
    : {
        ...end.usage,
        total_tokens: end.usage.prompt_tokens + end.usage.completion_tokens,
        total_price: "0",
        currency: "USD",
      };

/** The events of one run; `tell` is called after each frame. */
export const createRunEvents = (run: StandInRun, tell: () => void): RunEvents => {
  const push = (event: string, data: Fields): void => {
    run.frames.push(frameOf(run, event, data));
    tell();
  };
  const node: ProgramContext["node"] = async (of, work) => {
    run.controller.signal.throwIfAborted();
    run.totalSteps += 1;
    const [id, index, begin] = [randomUUID(), run.totalSteps, Date.now()];
    push("node_started", nodeData(id, index, of, undefined));
    const finish = (status: string, end: NodeEnd, error: string | null): void => {
      const usage = usageOf(end);
      run.totalTokens += Number(usage?.["total_tokens"] ?? 0);
      push("node_finished", {
        ...nodeData(id, index, of, end.inputs),
        outputs: usage === null ? end.outputs : { ...end.outputs, usage },
        status,
        error,
        elapsed_time: (Date.now() - begin) / 1000,
        execution_metadata: usage,
        finished_at: seconds(),
        files: [],
      });
    };
    try {
      const end = await work();
      finish(end.exception === undefined ? "succeeded" : "exception", end, end.exception?.message ?? null);
      return end;
    } catch (error) {
      finish("failed", { outputs: {} }, error instanceof Error ? error.message : String(error));
      throw error;
    }
  };
  const { signal } = run.controller;
  return {
    context: {
      inputs: run.inputs,
      user: run.user,
      workflowRunId: run.id,
      signal,
      node,
      emit: push,
      sleep: (ms) => delay(ms, undefined, { signal }),
    },
    started: () =>
      push("workflow_started", {
        id: run.id,
        workflow_id: run.workflowId,
        inputs: run.inputs,
        created_at: run.createdAt,
      }),
    ended: () =>
      run.status === "paused"
        ? push("workflow_paused", { workflow_run_id: run.id, outputs: {}, paused_nodes: [], reasons: [] })
        : push("workflow_finished", finishedData(run)),
  };
};
