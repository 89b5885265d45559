import { reasonOf } from "../../src/base/reason.ts";
import { setTimeout as delay } from "node:timers/promises";
import { Secret } from "../../src/base/secret.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import { openStore } from "../../src/store/open-store.ts";
import { nextNumber, queueRun, request, succeeded } from "./store-requests.ts";

/**
 * A process that does, over and over, everything that an instance does to a shared store while it serves: it accepts,
 * cancels, repeats, claims, keeps a journal, events, findings and usage, counts calls, settles, and takes up what was
 * lost, such as its own runs when it stood still.
 */
const [url = ""] = process.argv.slice(2);
const store = await openStore({
  database: { databaseUrl: new Secret(url) },
  pollMs: 20,
  heartbeatMs: 100,
  retry: { maxAttempts: 1_000, baseMs: 5, maxMs: 20 },
});
const gate = store.callGateOf("gitlab", 6_000_000);
const finding = { projectId: 1, flow: "classic", path: "a.js", category: "bug", severity: "major" } as const;

await store.work({
  concurrency: 4,
  perProject: 4,
  handle: async ({ run, journal, memory, record, signal }) => {
    await journal.write("step", run.attempts);
    await memory.write("step", run.attempts);
    const { id: callId, attempts: attempt } = run;
    await record([
      {
        atMs: 1,
        callId,
        kind: "call-finished",
        status: "succeeded",
        usage: NO_USAGE,
        error: null,
        elapsedMs: 1,
        omitted: 0,
      },
    ]);
    await store.spending.spend(
      "2026-12-01",
      { id: 1, path: "group/project" },
      { tokens: attempt, cost: 0, runs: 1 },
    );
    await store.lessons.keepFindings([
      { ...finding, iid: run.iid, fingerprint: "f", title: "t", headSha: "h" },
    ]);
    await gate.pass({ maxWaitMs: 1_000, signal });
    gate.holdOff(1);
    if (Math.random() < 0.2) throw new Error("by chance");
    process.stdout.write("end\n");
    return succeeded;
  },
});

const busy = async (iid: number): Promise<void> => {
  for (;;) {
    const runId = await queueRun(store, { iid });
    if (nextNumber() % 2 === 0) await store.cancelRun(runId, reasonOf("cancelled-by-user", { user: "ann" }));
    await store.runAgain(runId);
    await store.accept(request({ iid }));
    await delay(2);
  }
};
await Promise.all([1, 2, 3, 4].map(busy));
