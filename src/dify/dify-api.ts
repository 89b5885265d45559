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
type LoggedRun = { readonly workflowRunId: string; readonly createdAtMs: number | null };

/** The answer of a run in blocking mode. */
type BlockingRun = z.infer<typeof BlockingAnswer>;

/** Dify's Service API at one address with one key. */
export const createDifyApi = (options: DifyApiOptions): DifyApi => {
  const { stream, json, version } = createDifyTransport(options);
  const runOf = (workflowId: string | null) =>
    ({
      method: "POST",
      route: workflowId === null ? "/workflows/run" : "/workflows/:id/run",
      path: workflowId === null ? "/workflows/run" : `/workflows/${encodeURIComponent(workflowId)}/run`,
    }) as const;
  return {
    startStream: (workflowId, body, signal) => stream({ ...runOf(workflowId), body, signal }),
    runBlocking: (workflowId, body, signal) =>
      json({ ...runOf(workflowId), body, answerMs: options.blockingMs, signal }, BlockingAnswer),
    detail: (workflowRunId, signal) =>
      json(
        {
          method: "GET",
          route: "/workflows/run/:id",
          path: `/workflows/run/${encodeURIComponent(workflowRunId)}`,
          signal,
        },
        RunState,
      ),
    events: (workflowRunId, user, signal) => {
      const query = new URLSearchParams({ user });
      const path = `/workflow/${encodeURIComponent(workflowRunId)}/events?${query.toString()}`;
      return stream({ route: "/workflow/:id/events", method: "GET", path, signal });
    },
    stop: async (taskId, user, signal) => {
      const path = `/workflows/tasks/${encodeURIComponent(taskId)}/stop`;
      await json(
        { route: "/workflows/tasks/:id/stop", method: "POST", path, body: { user }, urgent: true, signal },
        StopAnswer,
      );
    },
    parameters: (signal) =>
      json({ method: "GET", route: "/parameters", path: "/parameters", signal }, Parameters),
    info: (signal) => json({ method: "GET", route: "/info", path: "/info", signal }, AppInfo),
    findRun: async (user, signal) => {
      const query = new URLSearchParams({ created_by_end_user_session_id: user, page: "1", limit: "20" });
      const path = `/workflows/logs?${query.toString()}`;
      const logs = await json({ method: "GET", route: "/workflows/logs", path, signal }, RunLogs);
      // Versions that do not know the filter send everybody's rows.
      const run = logs.data.find((row) => row.created_by_end_user?.session_id === user)?.workflow_run;
      if (run === undefined || run === null) return null;
      const { id: workflowRunId, created_at: seconds } = run;
      return { workflowRunId, createdAtMs: typeof seconds === "number" ? seconds * 1_000 : null };
    },
    version,
  };
};
