import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { ReconcileStore, Standing, TaskLease } from "../../src/store/reconcile/reconcile-store.ts";
import type { Settlement } from "../../src/store/store.ts";
import { closing, nextNumber, queueRun, request, succeeded, untilState } from "../store/store-requests.ts";
import type { GetBench } from "./store-bench.ts";

const NOTHING: Standing = {
  history: { queued: null, active: null, reviewedHeads: [] },
  unreviewed: [],
};

/** What whoever looks for missed changes relies on. */
export const reconcilingContract = (bench: GetBench): void => {
  const reconciliation = (): ReconcileStore => bench().store.reconciliation;

  const acquire = async (name: string, pauseMs = 0, leaseMs = 60_000): Promise<TaskLease> => {
    const outcome = await reconciliation().acquire(name, { leaseMs, pauseMs });
    assert.ok(outcome.kind === "acquired", outcome.kind);
    return outcome.lease;
  };
  const refusal = async (name: string, pauseMs = 0): Promise<string> =>
    (await reconciliation().acquire(name, { leaseMs: 60_000, pauseMs })).kind;

  describe("leases of tasks", () => {
    test("are held by one at a time, whoever asks, and hand on what was kept", async () => {
      const name = `task-${nextNumber()}`;
      const asked = await Promise.all(
        Array.from({ length: 5 }, () => reconciliation().acquire(name, { leaseMs: 60_000, pauseMs: 0 })),
      );
      const held = asked.flatMap((outcome) => (outcome.kind === "acquired" ? [outcome.lease] : []));
      assert.equal(held.length, 1);
      assert.equal(asked.filter(({ kind }) => kind === "busy").length, 4);
      assert.equal(held[0]?.state, null);
      assert.equal(await held[0]?.renew({ seen: [1, "two"] }), true);
      await held[0]?.release();
      assert.deepEqual((await acquire(name)).state, { seen: [1, "two"] });
      assert.equal(await refusal(name), "busy");
      await (await acquire(`${name}-other`)).release();
    });

    test("are acquired no sooner than the pause after the last one was released", async () => {
      const name = `task-${nextNumber()}`;
      const lease = await acquire(name);
      await lease.release();
      assert.equal(await refusal(name, 60_000), "early");
      await (await acquire(name)).release();
    });

    test("of a process that fell silent are taken over, and it can keep nothing any more", async () => {
      const name = `task-${nextNumber()}`;
      const silent = await acquire(name, 0, 5);
      await delay(20);
      const next = await acquire(name);
      assert.equal(await silent.renew("late"), false);
      await silent.release();
      assert.equal(await refusal(name), "busy");
      assert.equal(await next.renew("kept"), true);
      await next.release();
      assert.equal((await acquire(name)).state, "kept");
    });
  });

  describe("standings", () => {
    const standing = async (iid: number, headSha: string): Promise<Standing | undefined> =>
      (await reconciliation().readStandings([{ projectId: 1, iid, headSha }]))[0];

    const settle = async (runId: string, settlement: Settlement, state: "failed" | "succeeded") =>
      bench().working(
        async () => settlement,
        async () => void (await untilState(bench().store, runId, state)),
      );

    test("tell when a trigger last made a run of each head, in the order of asking", async () => {
      const [iid, other] = [nextNumber(), nextNumber()];
      const read = (trigger: string) =>
        reconciliation().readLastRuns(
          [
            { projectId: 1, iid, headSha: "a" },
            { projectId: 1, iid, headSha: "b" },
            { projectId: 1, iid: other, headSha: "b" },
            { projectId: 2, iid, headSha: "b" },
            { projectId: 1, iid, headSha: "b" },
          ],
          trigger,
        );
      const none = [null, null, null, null, null];
      assert.deepEqual(await read("stale"), none);
      const earliest = Date.now();
      const decide = () => ({ kind: "review", headSha: "b", trigger: "stale" }) as const;
      const runAt = async (): Promise<number> => {
        const outcome = await bench().store.accept(request({ iid, decide }));
        const run = await bench().store.getRun(outcome.kind === "review" ? outcome.runId : "");
        return run?.createdAtMs ?? 0;
      };
      const first = await runAt();
      assert.ok(first >= earliest);
      assert.deepEqual(await read("stale"), [null, first, null, null, first]);
      assert.deepEqual(await read("opened"), none);
      await delay(5);
      const last = await runAt();
      assert.ok(last > first);
      assert.deepEqual(await read("stale"), [null, last, null, null, last]);
      assert.deepEqual(await reconciliation().readLastRuns([], "stale"), []);
    });

    test("tell of each head what decide would be told, in the order of asking", async () => {
      const [one, two] = [nextNumber(), nextNumber()];
      const runId = await queueRun(bench().store, { iid: two, head: "a" });
      const known = await reconciliation().readStandings([
        { projectId: 1, iid: one, headSha: "a" },
        { projectId: 1, iid: two, headSha: "a" },
        { projectId: 1, iid: one, headSha: "a" },
      ]);
      const queued = { ...NOTHING, history: { ...NOTHING.history, queued: { runId, headSha: "a" } } };
      assert.deepEqual(known, [NOTHING, queued, NOTHING]);
      await settle(runId, succeeded, "succeeded");
      assert.deepEqual((await standing(two, "b"))?.history.reviewedHeads, ["a"]);
      assert.deepEqual(await reconciliation().readStandings([]), []);
    });

    test("tell a failure that may pass from one that would come again", async () => {
      const busy = { state: "retry", reason: reasonOf("model-overloaded"), retryAfterMs: 1 } as const;
      const broken = { state: "failed", reason: reasonOf("flow-failed"), usage: NO_USAGE } as const;
      for (const [settlement, final] of [
        [busy, false],
        [broken, true],
      ] as const) {
        const iid = nextNumber();
        const runId = await queueRun(bench().store, { iid, head: "a" });
        await settle(runId, settlement, "failed");
        assert.deepEqual(await standing(iid, "a"), {
          ...NOTHING,
          unreviewed: [{ runId, state: "failed", final }],
        });
        assert.deepEqual(await standing(iid, "b"), NOTHING);
      }
    });

    test("tell the end of a merge request, and of an older head, from somebody's wish", async () => {
      const closed = nextNumber();
      const closedRun = await queueRun(bench().store, { iid: closed, head: "a" });
      await bench().store.accept(closing({ iid: closed }));
      assert.deepEqual((await standing(closed, "a"))?.unreviewed, [
        { runId: closedRun, state: "cancelled", final: false },
      ]);
      const pushed = nextNumber();
      const older = await queueRun(bench().store, { iid: pushed, head: "a" });
      const newer = await queueRun(bench().store, { iid: pushed, head: "b" });
      assert.deepEqual((await standing(pushed, "a"))?.unreviewed, [
        { runId: older, state: "superseded", final: false },
      ]);
      await bench().store.cancelRun(newer, reasonOf("cancelled-by-user", { user: "ann" }));
      assert.deepEqual((await standing(pushed, "b"))?.unreviewed, [
        { runId: newer, state: "cancelled", final: true },
      ]);
    });

    test("come with every project that deliveries came from, by its latest path", async () => {
      const projectId = 1_000 + nextNumber();
      for (const [path, iid] of [
        ["old/name", 1],
        ["new/name", 1],
        [null, null],
      ] as const) {
        const asked = request({
          projectId,
          iid: iid ?? 1,
          decide: () => ({ kind: "ignore", reason: reasonOf("nothing-to-review") }),
        });
        const project = path === null ? null : { id: projectId, path };
        await bench().store.accept({ ...asked, delivery: { ...asked.delivery, project, iid }, run: null });
      }
      const projects = await reconciliation().listProjects();
      assert.deepEqual(
        projects.filter(({ id }) => id === projectId),
        [{ id: projectId, path: "new/name" }],
      );
      assert.equal(new Set(projects.map(({ id }) => id)).size, projects.length);
    });
  });
};
