import type { Journal } from "../base/journal.ts";
import { JournalEntry } from "./schema.ts";

const KEY = "dify-run";

/** What is known of one run on Dify's side, durable in the run's journal. */
export type RunRecord = {
  readonly current: () => JournalEntry;
  /** Nothing is under way: a request was refused, or never left. */
  readonly clear: () => Promise<void>;
  /** A request is about to be sent in the name of `user`. */
  readonly intend: (user: string, nowMs: number) => Promise<void>;
  /** Dify has begun the run. A task id that was learnt is not forgotten for a null. */
  readonly start: (workflowRunId: string, taskId: string | null, nowMs: number) => Promise<void>;
};

/** Opens the record of a run; an entry that cannot be read counts as none. */
export const openRunRecord = async (journal: Journal, user: string): Promise<RunRecord> => {
  const stored = JournalEntry.safeParse(await journal.read(KEY));
  let entry: JournalEntry = stored.success ? stored.data : { state: "none" };
  const put = async (next: JournalEntry): Promise<void> => {
    await journal.write(KEY, next);
    entry = next;
  };
  return {
    current: () => entry,
    clear: () => put({ state: "none" }),
    intend: (name, nowMs) => put({ state: "intent", user: name, atMs: nowMs }),
    start: async (workflowRunId, taskId, nowMs) => {
      const known = entry.state === "started" ? entry : null;
      if (known?.workflowRunId === workflowRunId && (taskId === null || known.taskId !== null)) return;
      const name = entry.state === "none" ? user : entry.user;
      await put({ state: "started", user: name, atMs: known?.atMs ?? nowMs, workflowRunId, taskId });
    },
  };
};
