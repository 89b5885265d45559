import { reasonOf } from "../../src/base/reason.ts";
import { setTimeout as delay } from "node:timers/promises";
import { Secret } from "../../src/base/secret.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { MergeRequestHistory, RunDecision } from "../../src/review/decide.ts";
import type { AcceptRequest, Run, RunState, Settlement, Store } from "../../src/store/store.ts";

let counter = 0;

/** A number that no other call has returned. */
export const nextNumber = (): number => (counter += 1);

/** What a test says of a delivery; the rest is made up. */
export type Ask = {
  readonly key?: string;
  readonly projectId?: number;
  readonly iid?: number;
  readonly head?: string | null;
  /** The branch that the event aims at. */
  readonly target?: string;
  readonly body?: Uint8Array;
  readonly token?: string;
  readonly flow?: string;
  readonly decide?: (history: MergeRequestHistory) => RunDecision;
};

/** A delivery that asks for a review of `head`, unless `decide` says otherwise. */
export const request = (ask: Ask): AcceptRequest => ({
  delivery: {
    key: ask.key ?? `key-${process.pid}-${nextNumber()}`,
    eventName: "Merge Request Hook",
    receivedAtMs: 1_700_000_000_000,
    project: { id: ask.projectId ?? 1, path: "group/project" },
    iid: ask.iid ?? 1,
    headers: { "x-gitlab-event": "Merge Request Hook" },
    body: ask.body ?? Buffer.from("{}"),
  },
  decide:
    ask.decide ??
    (() => ({ kind: "review", headSha: ask.head === undefined ? "head" : ask.head, trigger: "opened" })),
  run: {
    flow: ask.flow ?? "classic",
    event: { iid: ask.iid ?? 1, ...(ask.target === undefined ? {} : { targetBranch: ask.target }) },
    token: ask.token === undefined ? null : new Secret(ask.token),
  },
});

/** A delivery that closes the merge request. */
export const closing = (ask: Ask): AcceptRequest =>
  request({ ...ask, decide: () => ({ kind: "cancel", reason: reasonOf("merge-request-closed") }) });

/** Accepts and returns the new run's id. */
export const queueRun = async (store: Store, ask: Ask): Promise<string> => {
  const outcome = await store.accept(request(ask));
  if (outcome.kind !== "review") throw new Error(`expected a review, got ${outcome.kind}`);
  return outcome.runId;
};

/** The settlement of a review that went well. */
export const succeeded: Settlement = { state: "succeeded", reason: null, result: null, usage: NO_USAGE };

/** Waits until `check` returns something other than undefined or false; fails after two minutes, which a slow machine under load may need. */
export const until = async <T>(check: () => Promise<T | undefined | false>, what: string): Promise<T> => {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    await delay(10);
  }
  throw new Error(`did not happen: ${what}`);
};

/** Waits until a run stands so. */
export const untilState = (store: Store, runId: string, state: RunState): Promise<Run> =>
  until(async () => {
    const run = await store.getRun(runId);
    return run?.state === state ? run : undefined;
  }, `run becomes ${state}`);

/** Never resolves; rejects with the signal's reason, also when it was aborted before. */
export const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason);
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail);
  });
