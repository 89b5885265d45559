import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import { figuresOf, type ShadowReport } from "../../src/review/shadow/shadow-report.ts";
import type { CandidateKey, ShadowClaim, ShadowStore } from "../../src/store/shadows/shadow-store.ts";
import type { Run } from "../../src/store/store.ts";
import { nextNumber, queueRun } from "../store/store-requests.ts";
import { failure, type GetBench } from "./store-bench.ts";

/** What whoever compares candidates with flows relies on. */
export const shadowsContract = (bench: GetBench): void => {
  const shadows = (): ShadowStore => bench().store.shadows;
  const LONG = { leaseMs: 600_000, plannedBeforeMs: null };

  const side = { findings: [], text: null, usage: NO_USAGE, elapsedMs: 5, remarks: [] };
  const report: ShadowReport = { present: side, candidate: { ...side, text: "a \u0000 b" } };

  /** A run that ended well, with an entry in its journal. */
  const finishedRun = async (): Promise<Run> => {
    const runId = await queueRun(bench().store, { projectId: 50_000 + nextNumber(), flow: "shadowed" });
    const done = Promise.withResolvers<void>();
    await bench().working(
      async (claim) => {
        if (claim.run.id === runId) {
          await claim.journal.write("lessons", "told");
          done.resolve();
        }
        return { state: "succeeded", reason: null, result: { ok: true }, usage: NO_USAGE };
      },
      () => done.promise,
    );
    const run = await bench().store.getRun(runId);
    assert.equal(run?.state, "succeeded");
    return run;
  };
  const followed = async (flow: string): Promise<CandidateKey> => {
    const key = { flow, candidate: `c${nextNumber()}` };
    await shadows().follow(key);
    return key;
  };
  const planned = async (): Promise<{ readonly run: Run; readonly key: CandidateKey }> => {
    const run = await finishedRun();
    const key = await followed(run.flow);
    await shadows().plan({ run, candidate: key.candidate, skip: null });
    return { run, key };
  };
  const claimed = async (key: CandidateKey, options = LONG): Promise<ShadowClaim> => {
    const claim = await shadows().claim([key], options);
    assert.ok(claim !== null);
    return claim;
  };

  describe("shadow runs", () => {
    test("are planned once for each run and candidate, for runs that ended since the candidate came", async () => {
      const before = await finishedRun();
      const key = await followed(before.flow);
      const { sinceMs } = await shadows().follow(key);
      const unplanned = async () =>
        (await shadows().listUnplanned(key, { sinceMs: sinceMs - 600_000, limit: 1_000 })).map(
          ({ id }) => id,
        );
      assert.ok((await unplanned()).includes(before.id));
      assert.deepEqual(await shadows().listUnplanned(key, { sinceMs: sinceMs + 600_000, limit: 9 }), []);
      assert.equal(await shadows().hasSeen(key, before), false);
      await Promise.all([
        shadows().plan({ run: before, candidate: key.candidate, skip: null }),
        shadows().plan({ run: before, candidate: key.candidate, skip: null }),
      ]);
      assert.ok(!(await unplanned()).includes(before.id));
      assert.equal(await shadows().hasSeen(key, before), true);
      assert.deepEqual(
        (await shadows().list(key, 9)).map(({ runId, state, iid }) => ({ runId, state, iid })),
        [{ runId: before.id, state: "queued", iid: before.iid }],
      );
      assert.equal(await shadows().journalOf(before.id).read("lessons"), "told");
    });

    test("are held by one at a time, and what they leave behind is found again", async () => {
      const { run, key } = await planned();
      const [one, two] = await Promise.all([shadows().claim([key], LONG), shadows().claim([key], LONG)]);
      const claim = one ?? two;
      assert.ok(claim !== null && (one === null || two === null));
      assert.equal(claim.run.id, run.id);
      assert.equal(await claim.presentJournal.read("lessons"), "told");
      await claim.journal.write("asked:\u0000", { n: 1 });
      await claim.memory.write("hunk", [1]);
      assert.deepEqual([...(await claim.journal.entries("asked:"))], [["asked:\u0000", { n: 1 }]]);
      assert.equal(await claim.renew(), true);
      assert.equal(await claim.settle({ state: "done", report, figures: figuresOf(report) }), true);
      assert.equal(await claim.settle({ state: "failed", reason: reasonOf("shadow-never-ended") }), false);
      await assert.rejects(claim.journal.write("x", 1), failure("claim-lost"));
      await assert.rejects(claim.memory.write("x", 1), failure("claim-lost"));
      const found = await shadows().find(claim.shadow.id);
      assert.deepEqual(found?.report, report);
      assert.equal(found.shadow.state, "done");
      assert.equal(found.shadow.figures?.candidate.elapsedMs, 5);
      assert.equal(await shadows().claim([key], LONG), null);
      assert.equal(await shadows().find("no-id"), null);
    });

    test("of a holder that is silent are taken over, with what it has written and remembered", async () => {
      const { key } = await planned();
      const dead = await claimed(key, { ...LONG, leaseMs: 0 });
      await dead.journal.write("asked:a", 1);
      await dead.memory.write("hunk", 2);
      const heir = await claimed(key);
      assert.equal(heir.shadow.attempts, 2);
      assert.equal(await heir.journal.read("asked:a"), 1);
      assert.equal(await heir.memory.read("hunk"), 2);
      await assert.rejects(dead.journal.write("asked:b", 1), failure("claim-lost"));
      assert.equal(await dead.renew(), false);
      assert.equal(await dead.settle({ state: "failed", reason: reasonOf("shadow-never-ended") }), false);
      assert.equal(await heir.settle({ state: "handed-back" }), true);
      const again = await claimed(key);
      assert.equal(again.shadow.attempts, 2);
      await again.settle({ state: "retry", reason: reasonOf("model-paused"), delayMs: 0, untried: true });
      const third = await claimed(key);
      assert.deepEqual([third.shadow.attempts, third.shadow.reason?.code], [2, "model-paused"]);
      await third.settle({ state: "retry", reason: reasonOf("model-overloaded"), delayMs: 600_000 });
      assert.equal(await shadows().claim([key], LONG), null);
    });

    test("wait while reviews do, and give way to a newer one of their merge request", async () => {
      const { run, key } = await planned();
      assert.equal(
        await shadows().claim([key], { ...LONG, plannedBeforeMs: run.createdAtMs - 600_000 }),
        null,
      );
      const newer = await finishedRun();
      await shadows().plan({
        run: { ...newer, projectId: run.projectId, iid: run.iid },
        candidate: key.candidate,
        skip: null,
      });
      assert.deepEqual(
        (await shadows().list(key, 9)).map(({ runId, state }) => [runId, state]),
        [
          [newer.id, "queued"],
          [run.id, "skipped"],
        ],
      );
      await shadows().plan({ run, candidate: "another", skip: reasonOf("shadow-out-of-share") });
      const other = await shadows().list({ flow: run.flow, candidate: "another" }, 9);
      assert.deepEqual(
        other.map(({ state, reason }) => [state, reason?.code]),
        [["skipped", "shadow-out-of-share"]],
      );
    });
  });

  describe("choices about candidates", () => {
    test("end what waits and what is under way, hold for everybody, and are taken back", async () => {
      const { run, key } = await planned();
      const claim = await claimed(key);
      const chosen = await shadows().choose(key, "promoted", "ann");
      assert.deepEqual([chosen.choice, chosen.chosenBy], ["promoted", "ann"]);
      assert.equal(await claim.renew(), false);
      assert.equal(await claim.settle({ state: "failed", reason: reasonOf("shadow-never-ended") }), false);
      assert.equal((await shadows().follow(key)).choice, "promoted");
      await shadows().plan({ run: await finishedRun(), candidate: key.candidate, skip: null });
      assert.equal(await shadows().claim([key], LONG), null);
      const back = await shadows().choose(key, null, "ben");
      assert.equal(back.choice, null);
      assert.ok(back.sinceMs >= (run.finishedAtMs ?? 0));
      assert.ok((await shadows().standings()).some(({ candidate }) => candidate === key.candidate));
      assert.equal(await shadows().standing({ flow: run.flow, candidate: "nobody \u0000" }), null);
    });
  });
};
