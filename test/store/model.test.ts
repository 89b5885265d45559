import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client } from "pg";
import { fc } from "../properties.ts";
import { decide, type MergeRequestHistory } from "../../src/review/decide.ts";
import type { MergeRequestEvent } from "../../src/review/delivery-event.ts";
import { noteEvent } from "../review/events.ts";
import { rulesForPolicy } from "../../src/review/triggers.ts";
import type { Claim, Run, RunKind, RunState, Settlement, Store } from "../../src/store/store.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import { POSTGRES_MISSING, startPostgres } from "./postgres-server.ts";
import { type Place, type Places, createPostgresPlaces, createSqlitePlaces } from "./store-places.ts";
import { nextNumber, request, succeeded, until, untilAborted } from "./store-requests.ts";

const BOT = { id: 9, username: "reviewflow" };
const RULES = { ...rulesForPolicy("every-push"), command: true, self: BOT };

const urlOf = ({ database }: Place): string =>
  "databaseUrl" in database ? database.databaseUrl.reveal() : assert.fail("not a place on a server");

const FINAL: readonly RunState[] = ["succeeded", "partial-succeeded", "failed", "cancelled", "superseded"];

type Step =
  | { readonly do: "push" | "open" | "close" | "repeat"; readonly iid: number; readonly head: string }
  | {
      readonly do: "settle";
      readonly kind: RunKind;
      readonly iid: number;
      readonly as: "succeeded" | "failed" | "retry" | "throw";
      readonly head?: never;
    }
  | { readonly do: "cancel" | "again"; readonly nth: number; readonly head?: never }
  | { readonly do: "note"; readonly iid: number; readonly head?: never }
  | { readonly do: "lose"; readonly iid: number; readonly head?: never }
  | { readonly do: "restart" };

const iid = fc.integer({ min: 1, max: 3 });
const head = fc.constantFrom("a", "b", "c");
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("push", "open", "close", "repeat"), iid, head }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("settle"),
      kind: fc.constantFrom("review", "review", "reply"),
      iid,
      as: fc.constantFrom("succeeded", "failed", "retry", "throw"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("cancel", "again"), nth: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("note"), iid }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("lose"), iid }) },
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
  retargeted: false,
});

/** How a kind of database takes part. */
type Model = {
  readonly createPlaces: () => Promise<Places>;
  /** How many processes share a place. */
  readonly instances: number;
  /** Lets the lease of a run end, as if its process had stood still; null where no other process could take it. */
  readonly expire: ((place: Place, runId: string) => Promise<void>) | null;
};

/** A run that somebody works on. */
type Attempt = {
  readonly run: Run;
  readonly answer: (settlement: Settlement | Error) => void;
  /** Another one has begun, or is about to. */
  isLost: boolean;
};

const keyOf = ({ kind, iid: of }: Pick<Run, "kind" | "iid">): string => `${kind} ${of}`;

/** What an attempt says that was taken over, and that nobody must hear. */
const TOO_LATE = "too late";

/** Runs steps against the stores of a place, whose runs wait for the step that settles them. */
const createPlay = (place: Place, { instances, expire }: Model) => {
  const open = new Map<string, Attempt>();
  const twice: string[] = [];
  const seen = new Map<string, RunState>();
  const accepted = new Map<string, string>();
  let lastKey = "";
  let stores: readonly Store[] = [];
  let asked = 0;

  /** One instance after the other, as a balancer has it. */
  const store = (): Store => {
    asked += 1;
    return stores[asked % stores.length] ?? assert.fail("not open");
  };

  const handle = async ({ run, signal }: Claim): Promise<Settlement> => {
    const key = keyOf(run);
    if (open.get(key)?.isLost === false) twice.push(key);
    const answered = Promise.withResolvers<Settlement>();
    const attempt: Attempt = {
      run,
      answer: (answer) => (answer instanceof Error ? answered.reject(answer) : answered.resolve(answer)),
      isLost: false,
    };
    open.set(key, attempt);
    try {
      return await Promise.race([answered.promise, untilAborted(signal)]);
    } finally {
      if (open.get(key) === attempt) open.delete(key);
    }
  };

  const start = async (): Promise<void> => {
    const options = { pollMs: 20, retry: { maxAttempts: 2, baseMs: 1, maxMs: 2 } };
    stores = await Promise.all(Array.from({ length: instances }, () => place.open(options)));
    for (const one of stores) await one.work({ handle, concurrency: 4, perProject: 4 });
  };

  const stop = async (): Promise<void> => {
    await Promise.all(stores.map((one) => one[Symbol.asyncDispose]()));
  };

  const deliver = async (step: Extract<Step, { iid: number; head: string }>): Promise<void> => {
    const key = step.do === "repeat" && lastKey !== "" ? lastKey : `model-${nextNumber()}`;
    const isRepeat = accepted.has(key);
    const event = eventOf(step);
    const outcome = await store().accept(
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
      failed: { state: "failed", reason: reasonOf("flow-failed"), usage: NO_USAGE },
      retry: { state: "retry", reason: reasonOf("model-overloaded"), retryAfterMs: undefined },
      throw: new Error("by chance"),
    } as const;
    open.get(keyOf(step))?.answer(answers[step.as]);
    await new Promise(setImmediate);
  };

  /** Somebody stands still for a lease, and says too late how it ended. */
  const lose = async (of: number): Promise<void> => {
    if (expire === null) return;
    const key = keyOf({ kind: "review", iid: of });
    // Whatever waits is begun, since there is a place for each merge request.
    const attempt = await until(async () => {
      const runs = await store().listRuns({ limit: 1_000 });
      const isDone = runs.every((run) => keyOf(run) !== key || run.finishedAtMs !== null);
      return isDone ? "none" : open.get(key);
    }, "what waits is begun");
    if (attempt === "none" || attempt.isLost) return;
    attempt.isLost = true;
    await expire(place, attempt.run.id);
    await until(async () => {
      const run = await store().getRun(attempt.run.id);
      return run === null || run.state !== "active" || run.attempts > attempt.run.attempts;
    }, "the run is taken up");
    attempt.answer({ state: "succeeded", reason: null, result: TOO_LATE, usage: NO_USAGE });
    await new Promise(setImmediate);
  };

  const perform = async (step: Step): Promise<void> => {
    if (step.do === "settle") return settle(step);
    if (step.do === "lose") return lose(step.iid);
    if (step.do === "note") {
      const event = noteEvent({ iid: step.iid, noteId: nextNumber(), text: `@${BOT.username} help` });
      const ask = { iid: step.iid, decide: (history: MergeRequestHistory) => decide(event, RULES, history) };
      assert.equal((await store().accept(request(ask))).kind, "reply");
      return;
    }
    if (step.do === "restart") {
      await stop();
      return start();
    }
    if (step.head !== undefined) return deliver(step);
    const runs = await store().listRuns({ limit: 1_000 });
    const run = runs[step.nth % Math.max(runs.length, 1)];
    if (run === undefined) return;
    if (step.do === "again") await store().runAgain(run.id);
    else if (await store().cancelRun(run.id, reasonOf("cancelled-by-user", { user: "ann" })))
      assert.ok(!FINAL.includes(run.state));
  };

  /** What is true at every moment. */
  const check = async (): Promise<void> => {
    const runs = await store().listRuns({ limit: 10_000 });
    assert.deepEqual(twice, [], "two runs of one merge request were worked on at once");
    for (const ofOne of Map.groupBy(runs, keyOf).values()) {
      assert.ok(ofOne.filter((run) => run.state === "active").length <= 1);
      const waiting = ofOne.filter((run) => run.state === "queued" || run.state === "retrying");
      assert.ok(waiting.length <= 1 || ofOne[0]?.kind === "reply", "replies give way to nothing");
    }
    assert.ok(!runs.some(({ result }) => result === TOO_LATE), "who was taken over settles nothing");
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
      for (const { answer } of open.values()) answer(succeeded);
      const counts = await store().countRuns();
      return counts.queued + counts.active + counts.retrying === 0;
    }, "everything comes to an end");
    await check();
    await stop();
  };

  return { start, perform, check, end };
};

/** What holds for any sequence of events, whichever database is behind the store. */
const modelContract = (name: string, model: Model): void => {
  describe(`any sequence of events: ${name}`, () => {
    let places: Places;
    before(async () => {
      places = await model.createPlaces();
    });
    after(() => places.remove());

    test("keeps one run at work and one waiting, loses none and brings all to an end", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 40 }), async (steps) => {
          const place = await places.fresh();
          const play = createPlay(place, model);
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

modelContract("SQLite", { createPlaces: createSqlitePlaces, instances: 1, expire: null });

const server = await startPostgres();
if (server === null) test("any sequence of events: PostgreSQL", { skip: POSTGRES_MISSING }, () => undefined);
else {
  after(() => server.stop());
  modelContract("PostgreSQL", {
    createPlaces: async () => createPostgresPlaces(server),
    instances: 2,
    expire: async (place, runId) => {
      const client = new Client({ connectionString: urlOf(place) });
      await client.connect();
      await client.query("UPDATE reviewflow.runs SET held_until = 0 WHERE id = $1 AND state = 'active'", [
        runId,
      ]);
      await client.end();
    },
  });
}
