import { z } from "zod";
import type { Journal } from "../base/journal.ts";

const KEY = "dify-run";

const asked = {
  /** The end user in whose name the run was asked for. */
  user: z.string(),
  mode: z.enum(["streaming", "blocking"]),
  /** When it was asked for; once it is known to have begun, when it began. In ms since the epoch. */
  atMs: z.number(),
};

const RunEntry = z.discriminatedUnion("state", [
  /** Nothing is under way. */
  z.object({ state: z.literal("none") }),
  /** A request is about to leave, or has left without an answer. */
  z.object({ state: z.literal("intent"), ...asked }),
  /** Dify has answered 200 and keeps the run in its queue until a worker is free. */
  z.object({ state: z.literal("queued"), ...asked }),
  /** A worker has begun the run. Only live frames tell the task id, by which a run is stopped. */
  z.object({
    state: z.literal("started"),
    ...asked,
    workflowRunId: z.string(),
    taskId: z.string().nullable(),
  }),
]);
type RunEntry = z.infer<typeof RunEntry>;

/** What is known of one run on Dify's side, durable in the run's journal. */
export type RunRecord = {
  readonly current: () => RunEntry;
  /** Nothing is under way: a request was refused, or never left. */
  readonly clear: () => Promise<void>;
  /** A request is about to be sent. */
  readonly intend: (entry: Omit<Extract<RunEntry, { state: "intent" }>, "state">) => Promise<void>;
  /** Dify has taken the request of the current intent. */
  readonly queue: () => Promise<void>;
  /** Dify has begun the run. A task id that was learnt is not forgotten for a null. */
  readonly start: (workflowRunId: string, taskId: string | null, atMs: number) => Promise<void>;
  /** Leaves the journal as it is from now on: its run is settled. */
  readonly detach: () => void;
  readonly isDetached: () => boolean;
};

/** Opens the record of a run; an entry that cannot be read counts as none. */
export const openRunRecord = async (journal: Journal): Promise<RunRecord> => {
  const stored = RunEntry.safeParse(await journal.read(KEY));
  let entry: RunEntry = stored.success ? stored.data : { state: "none" };
  let isDetached = false;
  const put = async (next: RunEntry): Promise<void> => {
    if (!isDetached) await journal.write(KEY, next);
    entry = next;
  };
  return {
    current: () => entry,
    clear: () => put({ state: "none" }),
    intend: (next) => put({ state: "intent", ...next }),
    queue: async () => {
      if (entry.state === "intent") await put({ ...entry, state: "queued" });
    },
    start: async (workflowRunId, taskId, atMs) => {
      if (entry.state === "none") return;
      const known = entry.state === "started" && entry.workflowRunId === workflowRunId ? entry : null;
      if (known !== null && (taskId === null || known.taskId !== null)) return;
      const { user, mode } = entry;
      await put({ state: "started", user, mode, atMs: known?.atMs ?? atMs, workflowRunId, taskId });
    },
    detach: () => {
      isDetached = true;
    },
    isDetached: () => isDetached,
  };
};
