import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outside, Peer } from "../../src/base/outside.ts";
import { reasonOf } from "../../src/base/reason.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { OutageChange } from "../../src/store/outage.ts";
import type { OpenedStore } from "../../src/store/open-store.ts";
import type { Claim, Settlement, WorkOptions } from "../../src/store/store.ts";
import { nextNumber, queueRun, request, succeeded, until, untilState } from "../store/store-requests.ts";
import type { GetBench } from "./store-bench.ts";

const MODEL: Peer = { kind: "model", name: "main" };

const found = (verdict: Outside["verdict"], peer: Peer = MODEL, retryAfterMs?: number): Settlement => ({
  state: "waiting",
  outside: { peer, verdict },
  reason: reasonOf("model-overloaded"),
  retryAfterMs,
});

/** What a run does that waits for something outside, and what keeps others from asking for it. */
export const waitingContract = (bench: GetBench): void => {
  const retry = { maxAttempts: 2, baseMs: 20, maxMs: 40, giveUpMs: 86_400_000 };

  type World = {
    readonly store: OpenedStore;
    readonly changes: OutageChange[];
    readonly resumed: readonly Peer[];
    readonly working: (
      handle: (claim: Claim) => Promise<Settlement>,
      during: () => Promise<void>,
      options?: Partial<WorkOptions>,
    ) => Promise<void>;
  };

  const inWorld = async (work: (world: World) => Promise<void>, policy = retry): Promise<void> => {
    const place = await bench().places.fresh();
    const changes: OutageChange[] = [];
    const resumed: Peer[] = [];
    await using store = await place.open({
      retry: policy,
      onOutage: (change) => changes.push(change),
      onResumed: (peer) => resumed.push(peer),
    });
    await work({
      store,
      changes,
      resumed,
      working: async (handle, during, options = {}) => {
        const worker = await store.work({ handle, concurrency: 4, perProject: 4, ...options });
        try {
          await during();
        } finally {
          await worker.stop(1_000);
        }
      },
    });
  };

  const untilParked = (store: OpenedStore) =>
    until(async () => (await store.outages.list()).some(({ state }) => state === "parked"), "parked");

  describe("waiting for what is outside", () => {
    test("costs no attempt, says what for and since when, and goes on by itself", () =>
      inWorld(async ({ store, changes, working }) => {
        const runId = await queueRun(store, { iid: nextNumber() });
        let tries = 0;
        await working(
          async () => {
            tries += 1;
            return tries <= 6 ? found("away") : succeeded;
          },
          async () => {
            const waiting = await until(async () => {
              const run = await store.getRun(runId);
              return run === null || run.waitingFor === null ? undefined : run;
            }, "the run waits");
            assert.equal(waiting.state, "queued");
            assert.deepEqual([waiting.waitingFor?.kind, waiting.waitingFor?.name], ["model", "main"]);
            assert.ok(waiting.attempts <= 1);
            const run = await untilState(store, runId, "succeeded");
            assert.deepEqual([run.attempts, run.waits, run.waitingFor], [1, 6, null]);
          },
        );
        assert.deepEqual(
          changes.map(({ state }) => state),
          ["away", "over"],
        );
        assert.deepEqual(await store.outages.list(), []);
      }));

    test("one run finds out what the others wait for, and its success calls them all", () =>
      inWorld(
        async ({ store, working }) => {
          const runs = await Promise.all(
            Array.from({ length: 12 }, () => queueRun(store, { iid: nextNumber(), projectId: nextNumber() })),
          );
          let isAway = true;
          let calls = 0;
          await working(
            async ({ run }) => {
              if (!isAway) return succeeded;
              calls += 1;
              // Its pause is an hour: only a success or a person ends it.
              return {
                ...found("away", MODEL, 3_600_000),
                reason: reasonOf("triggered", { trigger: run.id }),
              };
            },
            async () => {
              await until(async () => (await store.queueStatus()).waiting === 12, "all wait");
              assert.equal(calls, 1);
              isAway = false;
              assert.equal(await store.outages.resume(MODEL), true);
              for (const runId of runs) await untilState(store, runId, "succeeded");
            },
            { concurrency: 1 },
          );
          assert.equal(calls, 1);
        },
        { ...retry, maxMs: 3_600_000 },
      ));

    test("a success anywhere calls those who wait, but not for what began before", () =>
      inWorld(async ({ store, working }) => {
        const runId = await queueRun(store, { iid: nextNumber() });
        let isAway = true;
        const beganBefore = Date.now() - 60_000;
        await working(
          async () => (isAway ? found("away", MODEL, 3_600_000) : succeeded),
          async () => {
            await until(async () => (await store.outages.list()).length === 1, "away");
            isAway = false;
            await store.outages.works(MODEL, beganBefore);
            assert.equal((await store.outages.list()).length, 1);
            await store.outages.works(MODEL, Date.now() + 1);
            await untilState(store, runId, "succeeded");
          },
        );
      }));

    test("300 runs, one refusal, one piece of news; all go on when the setting is right", () =>
      inWorld(async ({ store, changes, working }) => {
        const runs: string[] = [];
        for (let index = 0; index < 300; index += 1)
          runs.push(await queueRun(store, { iid: nextNumber(), projectId: 1 + (index % 7) }));
        let calls = 0;
        await working(
          async () => {
            calls += 1;
            return found("refused");
          },
          async () => {
            await untilParked(store);
            await until(async () => (await store.queueStatus()).parked === 300, "all are parked");
          },
          { concurrency: 1 },
        );
        assert.equal(calls, 1);
        assert.deepEqual(
          changes.map(({ state }) => state),
          ["parked"],
        );
        const [outage] = await store.outages.list();
        assert.deepEqual([outage?.state, outage?.waiting, outage?.nextTryAtMs], ["parked", 300, null]);
        // A restart asks once more; then everything is reviewed.
        await working(
          async () => succeeded,
          async () => void (await until(async () => (await store.countRuns()).succeeded === 300, "all done")),
        );
        assert.deepEqual(
          changes.map(({ state }) => state),
          ["parked", "over"],
        );
      }));

    test("what a review met and was finished without parks the queue of others, and is not over with it", () =>
      inWorld(async ({ store, changes, resumed, working }) => {
        const first = await queueRun(store, { iid: nextNumber() });
        const partial: Settlement = {
          state: "partial-succeeded",
          reason: reasonOf("walkthrough-failed"),
          result: null,
          usage: NO_USAGE,
          met: {
            outside: { peer: MODEL, verdict: "refused" },
            reason: reasonOf("model-refused"),
            retryAfterMs: undefined,
          },
        };
        let isRefused = true;
        const asked: string[] = [];
        await working(
          async ({ run }) => {
            asked.push(run.id);
            return isRefused ? partial : succeeded;
          },
          async () => {
            await untilState(store, first, "partial-succeeded");
            await untilParked(store);
            const second = await queueRun(store, { iid: nextNumber() });
            await until(async () => (await store.queueStatus()).parked === 1, "it is held back");
            // One who presses the button without a change finds out by a review that needs no walk-through either.
            await store.outages.resume(MODEL);
            await untilState(store, second, "partial-succeeded");
            assert.deepEqual(resumed, [MODEL], "told before it was asked again");
            assert.equal((await store.outages.list())[0]?.state, "parked");
            isRefused = false;
            const third = await queueRun(store, { iid: nextNumber() });
            await store.outages.resume(MODEL);
            await untilState(store, third, "succeeded");
            assert.deepEqual(asked, [first, second, third]);
          },
        );
        assert.deepEqual(
          changes.map(({ state }) => state),
          ["parked", "parked", "over"],
        );
      }));

    test("a run that finds out still waits for operators, until it is known that it is over", () =>
      inWorld(async ({ store, working }) => {
        const runId = await queueRun(store, { iid: nextNumber() });
        const { promise: isHeld, resolve: letGo } = Promise.withResolvers<void>();
        let tries = 0;
        await working(
          async () => {
            tries += 1;
            if (tries === 1) return found("away");
            await isHeld;
            return succeeded;
          },
          async () => {
            await until(async () => tries === 2, "it finds out");
            assert.deepEqual(
              (await store.notices.waitingReviews(0)).map(({ peer, count }) => [peer, count]),
              [[MODEL, 1]],
            );
            letGo();
            await untilState(store, runId, "succeeded");
            await until(async () => (await store.outages.list()).length === 0, "it is over");
            assert.deepEqual(await store.notices.waitingReviews(0), []);
          },
        );
      }));

    test("the flows that need it are held back, and no others", () =>
      inWorld(async ({ store, working }) => {
        await queueRun(store, { iid: nextNumber(), flow: "first" });
        const seen: string[] = [];
        await working(
          async ({ run }) => {
            seen.push(run.flow);
            return run.flow === "first" ? found("refused") : succeeded;
          },
          async () => {
            await untilParked(store);
            const held = await queueRun(store, { iid: nextNumber(), flow: "second" });
            const free = await queueRun(store, { iid: nextNumber(), flow: "third" });
            await untilState(store, free, "succeeded");
            const waiting = await until(async () => {
              const run = await store.getRun(held);
              return run === null || run.waitingFor === null ? undefined : run;
            }, "it waits");
            assert.equal(waiting.waitingFor?.name, "main");
          },
          { flowsNeeding: () => [{ runKind: "review", flow: "second" }] },
        );
        assert.deepEqual(seen, ["first", "third"]);
      }));

    test("a project that may not be read holds back its own runs alone", () =>
      inWorld(async ({ store, working }) => {
        const project: Peer = { kind: "project", name: "group/project" };
        await queueRun(store, { iid: nextNumber() });
        await working(
          async ({ run }) => (run.projectPath === project.name ? found("refused", project) : succeeded),
          async () => {
            await untilParked(store);
            const held = await queueRun(store, { iid: nextNumber() });
            const other = request({ iid: nextNumber(), projectId: 9 });
            const path = { id: 9, path: "group/other" };
            const accepted = await store.accept({ ...other, delivery: { ...other.delivery, project: path } });
            assert.equal(accepted.kind, "review");
            if (accepted.kind === "review") await untilState(store, accepted.runId, "succeeded");
            assert.equal((await store.getRun(held))?.state, "queued");
          },
        );
      }));

    test("what only this request has to wait for keeps nobody else back", () =>
      inWorld(async ({ store, changes, working }) => {
        const runId = await queueRun(store, { iid: nextNumber() });
        await working(
          async ({ run }) => (run.id === runId ? found("busy", MODEL, 3_600_000) : succeeded),
          async () => {
            await until(async () => (await store.getRun(runId))?.waits === 1, "it waits");
            const other = await queueRun(store, { iid: nextNumber() });
            await untilState(store, other, "succeeded");
          },
        );
        assert.deepEqual(changes, []);
      }));

    test("is given up after its time, with what it waited for", () =>
      inWorld(
        async ({ store, working }) => {
          const runId = await queueRun(store, { iid: nextNumber() });
          await working(
            async () => found("away"),
            async () => {
              const run = await untilState(store, runId, "failed");
              assert.equal(run.reason?.code, "waited-too-long");
              assert.equal(run.attempts, 1);
            },
          );
        },
        { ...retry, giveUpMs: 100 },
      ));

    test("a newer head takes the place of a run that waits", () =>
      inWorld(async ({ store, working }) => {
        const iid = nextNumber();
        const first = await queueRun(store, { iid, head: "a" });
        await working(
          async () => found("refused"),
          async () => {
            await untilParked(store);
            await queueRun(store, { iid, head: "b" });
            assert.equal((await store.getRun(first))?.state, "superseded");
          },
        );
      }));
  });
};
