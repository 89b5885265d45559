import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fc } from "../properties.ts";
import { decide } from "../../src/review/decide.ts";
import type { MergeRequestEvent } from "../../src/review/delivery-event.ts";
import { rulesForPolicy } from "../../src/review/triggers.ts";
import type { Claim, RunState, Settlement, Store } from "../../src/store/store.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import { POSTGRES_MISSING, startPostgres } from "./postgres-server.ts";
import { type Place, type Places, createPostgresPlaces, createSqlitePlaces } from "./store-places.ts";
import { nextNumber, request, succeeded, until, untilAborted } from "./store-requests.ts";

const RULES = rulesForPolicy("every-push");

const FINAL: readonly RunState[] = ["succeeded", "partial-succeeded", "failed", "cancelled", "superseded"];

type Step =
  | { readonly do: "push" | "open" | "close" | "repeat"; readonly iid: number; readonly head: string }
  | {
      readonly do: "settle";
      readonly iid: number;
      readonly as: "succeeded" | "failed" | "retry" | "throw";
      readonly head?: never;
    }
  | { readonly do: "cancel" | "again"; readonly nth: number; readonly head?: never }
  | { readonly do: "restart" };

const iid = fc.integer({ min: 1, max: 3 });
const head = fc.constantFrom("a", "b", "c");
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("push", "open", "close", "repeat"), iid, head }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("settle"),
      iid,
      as: fc.constantFrom("succeeded", "failed", "retry", "throw"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("cancel", "again"), nth: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart") }) },
);

const eventOf = (step: { do: string; iid: number; head: string }): MergeRequestEvent => ({
  kind: "merge_request",
  project: { id: 1, path: "group/project", webUrl: "http://gitlab/group/project" },
  user: { id: 1, username: "ann" },
  iid: step.iid,
  action: step.do === "push" ? "update" : step.do,
  state: step.do === "close" ? "closed" : "opened",
  draft: false,
  title: "",
  description: "",
  url: "",
  authorId: 1,
  sourceBranch: "feature",
  targetBranch: "main",
  sourceProjectId: 1,
  headSha: step.head,
  oldRev: step.do === "push" ? "before" : null,
  labels: [],
  labelsAdded: [],
  reviewersAdded: [],
  reviewersAskedAgain: [],
  becameReady: false,
});

/** Runs steps against a store whose runs wait for the step that settles them. */
const createPlay = (place: Place) => {
  const open = new Map<number, (settlement: Settlement | Error) => void>();
  const twice: number[] = [];
  const seen = new Map<string, RunState>();
  const accepted = new Map<string, string>();
  let lastKey = "";
  let store: Store;

  const handle = async ({ run, signal }: Claim): Promise<Settlement> => {
    if (open.has(run.iid)) twice.push(run.iid);
    const asked = Promise.withResolvers<Settlement>();
    open.set(run.iid, (answer) => (answer instanceof Error ? asked.reject(answer) : asked.resolve(answer)));
    try {
      return await Promise.race([asked.promise, untilAborted(signal)]);
    } finally {
      open.delete(run.iid);
    }
  };

  const start = async (): Promise<void> => {
    store = await place.open({ pollMs: 20, retry: { maxAttempts: 2, baseMs: 1, maxMs: 2 } });
    await store.work({ handle, concurrency: 2, perProject: 2 });
  };

  const deliver = async (step: Extract<Step, { iid: number; head: string }>): Promise<void> => {
    const key = step.do === "repeat" && lastKey !== "" ? lastKey : `model-${nextNumber()}`;
    const isRepeat = accepted.has(key);
    const event = eventOf(step);
    const outcome = await store.accept(
      request({ key, iid: step.iid, decide: (history) => decide(event, RULES, history) }),
    );
    assert.equal(outcome.kind === "duplicate", isRepeat, "a repeat is known, and only a repeat");
    lastKey = key;
    if (!isRepeat) accepted.set(key, outcome.deliveryId);
    else assert.equal(outcome.deliveryId, accepted.get(key));
  };

  const settle = async (step: Extract<Step, { do: "settle" }>): Promise<void> => {
    const answers = {
      succeeded,
      failed: { state: "failed", reason: "no", reasonCode: "no", usage: NO_USAGE },
      retry: { state: "retry", reason: "busy", reasonCode: "busy", retryAfterMs: undefined },
      throw: new Error("by chance"),
    } as const;
    open.get(step.iid)?.(answers[step.as]);
    await new Promise(setImmediate);
  };

  const perform = async (step: Step): Promise<void> => {
    if (step.do === "settle") return settle(step);
    if (step.do === "restart") {
      await store[Symbol.asyncDispose]();
      return start();
    }
    if (step.head !== undefined) return deliver(step);
    const runs = await store.listRuns({ limit: 1_000 });
    const run = runs[step.nth % Math.max(runs.length, 1)];
    if (run === undefined) return;
    if (step.do === "again") await store.runAgain(run.id);
    else if (await store.cancelRun(run.id, "by hand")) assert.ok(!FINAL.includes(run.state));
  };

  /** What is true at every moment. */
  const check = async (): Promise<void> => {
    const runs = await store.listRuns({ limit: 10_000 });
    assert.deepEqual(twice, [], "two runs of one merge request were worked on at once");
    for (const ofOne of Map.groupBy(runs, (run) => run.iid).values()) {
      assert.ok(ofOne.filter((run) => run.state === "active").length <= 1);
      assert.ok(ofOne.filter((run) => run.state === "queued" || run.state === "retrying").length <= 1);
    }
    for (const run of runs) {
      const before = seen.get(run.id);
      if (before !== undefined && FINAL.includes(before)) assert.equal(run.state, before, "an end is an end");
      assert.equal(FINAL.includes(run.state), run.finishedAtMs !== null);
      seen.set(run.id, run.state);
    }
    for (const id of seen.keys())
      assert.ok(
        runs.some((run) => run.id === id),
        "no run is lost",
      );
  };

  /** Lets every open run succeed until none is left. */
  const end = async (): Promise<void> => {
    await until(async () => {
      for (const answer of open.values()) answer(succeeded);
      const counts = await store.countRuns();
      return counts.queued + counts.active + counts.retrying === 0;
    }, "everything comes to an end");
    await check();
    await store[Symbol.asyncDispose]();
  };

  return { start, perform, check, end };
};

/** What holds for any sequence of events, whichever database is behind the store. */
const modelContract = (name: string, createPlaces: () => Promise<Places>): void => {
  describe(`any sequence of events: ${name}`, () => {
    let places: Places;
    before(async () => {
      places = await createPlaces();
    });
    after(() => places.remove());

    test("keeps one run at work and one waiting, loses none and brings all to an end", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 40 }), async (steps) => {
          const place = await places.fresh();
          const play = createPlay(place);
          await play.start();
          for (const step of steps) {
            await play.perform(step);
            await play.check();
          }
          await play.end();
          place.remove();
        }),
        { numRuns: 10, endOnFailure: true },
      );
    });
  });
};

modelContract("SQLite", createSqlitePlaces);

const server = await startPostgres();
if (server === null) test("any sequence of events: PostgreSQL", { skip: POSTGRES_MISSING }, () => undefined);
else {
  after(() => server.stop());
  modelContract("PostgreSQL", async () => createPostgresPlaces(server));
}
