/**
 * Loaded into a server before its own sources: stops the process (SIGSTOP) at the last moment before a chosen write. The
 * file that STOP_AT_WRITE names says which; of several processes that share it, the one that comes first takes it away.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import { readFileSync, renameSync } from "node:fs";
import { Socket } from "node:net";
import { isMainThread } from "node:worker_threads";

/** What is waited for: a request, by its method, path and body, or a message to the database, by its text. */
export type StopAt = {
  readonly what: "request" | "statement";
  readonly pattern: string;
  /** What the body holds of a request that fetch is asked for; any when left out. */
  readonly body?: string;
};

const request = (pattern: string, body?: string): StopAt => ({
  what: "request",
  pattern,
  ...(body === undefined ? {} : { body }),
});
const status = (states: string): StopAt => request("^POST .*/statuses/\\w+$", `"state":"(${states})"`);
const statement = (pattern: string): StopAt => ({ what: "statement", pattern });
const insert = (table: string): StopAt => statement(`insert into "reviewflow"."${table}"`);

/**
 * Every kind of write that a run and its follow-up make. Reminders and notes about budgets are written as summaries are;
 * the file of lessons is written over only where it still is what was read.
 */
export const WRITES = {
  draft: request("^POST .*/draft_notes$"),
  bulkPublish: request("^POST .*/draft_notes/bulk_publish$"),
  note: request("^POST .*/merge_requests/\\d+/notes$"),
  mergeRequest: request("^PUT .*/merge_requests/\\d+$"),
  pendingStatus: status("pending"),
  finalStatus: status("success|failed"),
  success: status("success"),
  failure: status("failed"),
  noteAgain: request("^PUT .*/merge_requests/\\d+/notes/\\d+$"),
  reaction: request("^POST .*/merge_requests/\\d+/award_emoji$"),
  reactionOff: request("^DELETE .*/merge_requests/\\d+/award_emoji/\\d+$"),
  answer: request("^POST .*/discussions/\\w+/notes$"),
  resolving: request("^PUT .*/discussions/\\w+$"),
  anyReaction: request("^POST .*/award_emoji$"),
  ofFlow: request("^POST .*/(notes|discussions)$"),
  progressNote: request("^POST .*/merge_requests/\\d+/notes$", "reviewflow:progress"),
  noteOff: request("^DELETE .*/merge_requests/\\d+/notes/\\d+$"),
  runOnDify: request("^POST /v1/workflows/run$"),
  stopOnDify: request("^POST /v1/workflows/tasks/.*/stop$"),
  model: request("^POST .*/chat/completions$"),
  acceptedNote: statement("note-review:"),
  journal: insert("steps"),
  memory: insert("review_cache"),
  finding: insert("findings"),
  outcome: insert("outcomes"),
  usage: insert("spendings"),
  events: insert("run_events"),
  end: statement('update "reviewflow"."runs" set "state" = .succeeded'),
  shadowJournal: insert("shadow_steps"),
  shadowEnd: statement('update "reviewflow"."shadow_runs" set "state".*"report"'),
} satisfies Readonly<Record<string, StopAt>>;

const file = process.env["STOP_AT_WRITE"] ?? "";

const isStopAt = (value: unknown): value is StopAt =>
  typeof value === "object" && value !== null && "what" in value && "pattern" in value;

const readWanted = (): StopAt | null => {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isStopAt(value) ? value : null;
  } catch {
    return null;
  }
};

const stopAt = (what: StopAt["what"], text: () => string, body = ""): void => {
  const wanted = readWanted();
  if (wanted === null || wanted.what !== what || !new RegExp(wanted.pattern).test(text())) return;
  if (wanted.body !== undefined && !new RegExp(wanted.body).test(body)) return;
  try {
    renameSync(file, `${file}.${process.pid}`);
  } catch {
    return;
  }
  process.kill(process.pid, "SIGSTOP");
};

const textOf = (value: object, name: string): string => {
  const field: unknown = Reflect.get(value, name);
  return typeof field === "string" ? field : "";
};

/** undici is given the body of a fetch as a stream, which cannot be looked into. */
const bodies = new AsyncLocalStorage<string>();

if (file !== "" && isMainThread) {
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) =>
    bodies.run(typeof init?.body === "string" ? init.body : "", () => fetch(input, init));
  // Every request of undici and of fetch, when it has been asked for and before it has a connection.
  subscribe("undici:request:create", (message) => {
    const asked: unknown =
      typeof message === "object" && message !== null ? Reflect.get(message, "request") : null;
    if (typeof asked !== "object" || asked === null) return;
    stopAt("request", () => `${textOf(asked, "method")} ${textOf(asked, "path")}`, bodies.getStore() ?? "");
  });
  const original: unknown = Reflect.get(Socket.prototype, "write");
  Reflect.set(Socket.prototype, "write", function (this: Socket, ...given: readonly unknown[]): unknown {
    const [chunk] = given;
    if (chunk instanceof Uint8Array) stopAt("statement", () => Buffer.from(chunk).toString("utf8"));
    const result: unknown = typeof original === "function" ? Reflect.apply(original, this, given) : undefined;
    return result;
  });
}
