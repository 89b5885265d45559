import type { z } from "zod";
import type { JsonObject } from "../base/json.ts";
import { createDifyTransport, type DifyStream, type DifyTransportOptions } from "./dify-transport.ts";
import { AppInfo, BlockingAnswer, Parameters, RunLogs, RunState, StopAnswer } from "./schema.ts";

/** Where Dify is and how long it may keep us waiting. */
export type DifyApiOptions = DifyTransportOptions & {
  /** Until the answer of a run in blocking mode, in milliseconds. */
  readonly blockingMs: number;
};

/** The body of a run that is asked for. */
export type RunBody = {
  readonly inputs: JsonObject;
  readonly user: string;
  readonly response_mode: "streaming" | "blocking";
};

/** Dify's Service API as far as we use it. Every call throws DifyError, or the signal's reason. */
export type DifyApi = {
  readonly startStream: (
    workflowId: string | null,
    body: RunBody,
    signal: AbortSignal,
  ) => Promise<DifyStream>;
  readonly runBlocking: (
    workflowId: string | null,
    body: RunBody,
    signal: AbortSignal,
  ) => Promise<BlockingRun>;
  readonly detail: (workflowRunId: string, signal?: AbortSignal) => Promise<RunState>;
  /** The events to come of a run that is under way; of a run that has ended its last one. */
  readonly events: (workflowRunId: string, user: string, signal: AbortSignal) => Promise<DifyStream>;
  readonly stop: (taskId: string, user: string, signal?: AbortSignal) => Promise<void>;
  readonly parameters: (signal?: AbortSignal) => Promise<z.infer<typeof Parameters>>;
  readonly info: (signal?: AbortSignal) => Promise<z.infer<typeof AppInfo>>;
  /** The newest run that was begun in the name of `user`, null when the log has none. */
  readonly findRun: (user: string, signal?: AbortSignal) => Promise<LoggedRun | null>;
  /** The server's version, null as long as none of its answers has named one. */
  readonly version: () => string | null;
};

/** A run as Dify's log has it; `createdAtMs` is when a worker took it up, by Dify's clock. */
export type LoggedRun = { readonly workflowRunId: string; readonly createdAtMs: number | null };

/** The answer of a run in blocking mode. */
export type BlockingRun = z.infer<typeof BlockingAnswer>;

const runPath = (workflowId: string | null): string =>
  workflowId === null ? "/workflows/run" : `/workflows/${encodeURIComponent(workflowId)}/run`;

/** Dify's Service API at one address with one key. */
export const createDifyApi = (options: DifyApiOptions): DifyApi => {
  const { stream, json, version } = createDifyTransport(options);
  const post = { what: "the run", method: "POST" } as const;
  const look = { what: "the look at a run", method: "GET" } as const;
  return {
    startStream: (workflowId, body, signal) =>
      stream({ what: "the run", method: "POST", path: runPath(workflowId), body, signal }),
    runBlocking: (workflowId, body, signal) =>
      json(
        { ...post, path: runPath(workflowId), body, answerMs: options.blockingMs, signal },
        BlockingAnswer,
      ),
    detail: (workflowRunId, signal) =>
      json({ ...look, path: `/workflows/run/${encodeURIComponent(workflowRunId)}`, signal }, RunState),
    events: (workflowRunId, user, signal) => {
      const query = new URLSearchParams({ user });
      const path = `/workflow/${encodeURIComponent(workflowRunId)}/events?${query.toString()}`;
      return stream({ what: "the run's events", method: "GET", path, signal });
    },
    stop: async (taskId, user, signal) => {
      const path = `/workflows/tasks/${encodeURIComponent(taskId)}/stop`;
      await json(
        { what: "the stop", method: "POST", path, body: { user }, urgent: true, signal },
        StopAnswer,
      );
    },
    parameters: (signal) =>
      json({ what: "the flow's parameters", method: "GET", path: "/parameters", signal }, Parameters),
    info: (signal) => json({ what: "the app's kind", method: "GET", path: "/info", signal }, AppInfo),
    findRun: async (user, signal) => {
      const query = new URLSearchParams({ created_by_end_user_session_id: user, page: "1", limit: "20" });
      const path = `/workflows/logs?${query.toString()}`;
      const logs = await json({ what: "the log of runs", method: "GET", path, signal }, RunLogs);
      // Versions that do not know the filter send everybody's rows.
      const run = logs.data.find((row) => row.created_by_end_user?.session_id === user)?.workflow_run;
      if (run === undefined || run === null) return null;
      const { id: workflowRunId, created_at: seconds } = run;
      return { workflowRunId, createdAtMs: typeof seconds === "number" ? seconds * 1_000 : null };
    },
    version,
  };
};
