import assert from "node:assert/strict";
import { createMemoryJournal, type Journal } from "../../src/base/journal.ts";
import { Secret } from "../../src/base/secret.ts";
import { createDifyRunner, type DifyRunnerOptions } from "../../src/dify/dify-runner.ts";
import type { FlowEvent } from "../../src/flow/flow-event.ts";
import type { FlowOutcome } from "../../src/review/flow-runner.ts";
import { startDifyStandIn, type DifyStandInOptions } from "../../standins/dify/dify-stand-in.ts";
import type { Fault } from "../../standins/dify/fault.ts";
import type { Program, StandInApp } from "../../standins/dify/stand-in-app.ts";

/** The app's key. */
export const KEY = "app-1234567890";

const brief: Program = async ({ node, sleep, inputs }) => {
  await node({ id: "a", type: "code", title: "A" }, () => ({ outputs: { seen: inputs["PrivateToken"] } }));
  await node({ id: "b", type: "code", title: "B" }, async () => {
    await sleep(60);
    return { outputs: {} };
  });
  return { status: "succeeded", outputs: { answer: "done" } };
};

/** An app that takes a moment; `more` changes it. */
export const app = (more: Partial<StandInApp> = {}): StandInApp => ({
  name: "review",
  key: KEY,
  form: [
    { variable: "prjid", type: "text-input", required: true, max_length: 48 },
    { variable: "PrivateToken", type: "text-input" },
  ],
  program: brief,
  ...more,
});

/** How a world is set up. */
export type Setup = {
  readonly faults?: readonly Fault[];
  readonly app?: Partial<StandInApp>;
  readonly standIn?: Partial<DifyStandInOptions>;
  readonly runner?: Partial<DifyRunnerOptions>;
};

/** A stand-in with a runner on it; what the run tells is collected. */
export const open = async ({ faults = [], app: more, standIn: how = {}, runner = {} }: Setup = {}) => {
  const standIn = await startDifyStandIn({ apps: [app(more)], pingMs: 20, ...how });
  for (const fault of faults) standIn.fail(fault);
  const limits = {
    pollMs: 15,
    lookupMs: 250,
    lookupAtEndMs: 1_500,
    stopMs: 250,
    idleMs: 150,
    answerMs: 1_000,
    totalMs: 2_000,
  };
  const events: FlowEvent[] = [];
  const run = (
    journal: Journal = createMemoryJournal(),
    signal = new AbortController().signal,
    runId = "run-1",
  ) =>
    createDifyRunner({ baseUrl: standIn.url, apiKey: new Secret(KEY), limits, ...runner }).run({
      runId,
      inputs: { prjid: 7, PrivateToken: "glpat-secret-value" },
      journal,
      signal,
      onEvent: (event) => void events.push(event),
    });
  return { standIn, run, events, [Symbol.asyncDispose]: standIn.close };
};

/** The app's own outcome. */
export const assertDone = (outcome: FlowOutcome): void => {
  assert.equal(outcome.status, "succeeded");
  assert.deepEqual(outcome.outputs, { answer: "done" });
};
