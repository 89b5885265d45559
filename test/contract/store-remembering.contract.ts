import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Secret } from "../../src/base/secret.ts";
import type { ProvenTokens } from "../../src/review/proven-tokens.ts";
import type { OpenedStore } from "../../src/store/open-store.ts";
import { forgetOldProvenTokens, openProvenTokens } from "../../src/store/proven-tokens.ts";
import type { Claim, Store } from "../../src/store/store.ts";
import { openDatabase } from "../store/store-places.ts";
import { closing, nextNumber, queueRun, succeeded, until, untilState } from "../store/store-requests.ts";
import { failure, type GetBench } from "./store-bench.ts";

const DAY_MS = 86_400_000;

/** Queues a run and works on it alone with `handle`, until it has succeeded. */
const workOn = async (
  store: Store,
  ask: Parameters<typeof queueRun>[1],
  handle: (claim: Claim) => Promise<void>,
): Promise<void> => {
  const runId = await queueRun(store, ask);
  const worker = await store.work({
    concurrency: 1,
    perProject: 1,
    handle: async (claim) => {
      await handle(claim);
      return succeeded;
    },
  });
  await untilState(store, runId, "succeeded");
  await worker.stop(0);
};

/** What the memory of a flow promises. */
export const rememberingContract = (bench: GetBench): void => {
  describe("the memory of a flow", () => {
    test("is shared by the runs over one merge request, and by no others", async () => {
      const iid = nextNumber();
      const projectId = nextNumber();
      await workOn(bench().store, { projectId, iid, head: "a" }, async ({ memory }) => {
        await memory.write("hunk:\u0000", { n: 1, text: "\u0000" });
        await memory.write("hunk:2", [2]);
        await memory.write("other", null);
        await memory.write("hunk:2", "replaced");
      });
      await workOn(bench().store, { projectId, iid, head: "b" }, async ({ memory, journal }) => {
        assert.deepEqual(await memory.read("hunk:\u0000"), { n: 1, text: "\u0000" });
        assert.equal(await memory.read("nothing"), undefined);
        assert.deepEqual(
          [...(await memory.entries("hunk:"))],
          [
            ["hunk:\u0000", { n: 1, text: "\u0000" }],
            ["hunk:2", "replaced"],
          ],
        );
        assert.equal(await journal.read("other"), undefined);
      });
      for (const other of [
        { projectId, iid: nextNumber() },
        { projectId: nextNumber(), iid },
        { projectId, iid, head: "c", flow: "another" },
      ]) {
        await workOn(bench().store, other, async ({ memory }) => {
          assert.deepEqual([...(await memory.entries(""))], []);
        });
      }
    });

    test("is closed to those who have settled", async () => {
      const claims: Claim[] = [];
      const iid = nextNumber();
      await workOn(bench().store, { iid }, async (claim) => void claims.push(claim));
      await assert.rejects(async () => claims[0]?.memory.write("late", 1), failure("claim-lost"));
      await workOn(bench().store, { iid, head: "b" }, async ({ memory }) => {
        assert.equal(await memory.read("late"), undefined);
      });
    });

    test("refuses an entry of more than 1 MiB", async () => {
      await workOn(bench().store, { iid: nextNumber() }, async ({ memory }) => {
        await memory.write("fits", "x".repeat(1024 * 1024 - 2));
        await assert.rejects(
          memory.write("too large", "\u00e9".repeat(512 * 1024)),
          failure("memory-entry-too-large"),
        );
      });
    });

    test("forgets what nobody uses and what belongs to merge requests that have ended", async () => {
      const place = await bench().places.fresh();
      const { clock, passDays, tidy } = createRounds();
      await using store = await place.open({ clock, maintenanceIntervalMs: TURN_MS });
      for (const iid of [1, 2, 3]) {
        await workOn(store, { iid }, async ({ memory }) => {
          await memory.write("kept", iid);
          await memory.write("unused", iid);
        });
      }
      await store.accept(closing({ iid: 2 }));
      await store.accept(closing({ iid: 3 }));
      await queueRun(store, { iid: 3, head: "reopened" });
      await tidy();
      passDays(50);
      await workOn(store, { iid: 1, head: "b" }, async ({ memory }) => {
        assert.equal(await memory.read("kept"), 1);
      });
      await workOn(store, { iid: 2, head: "b" }, async ({ memory }) => {
        assert.deepEqual([...(await memory.entries(""))], []);
      });
      await workOn(store, { iid: 3, head: "b" }, async ({ memory }) => {
        assert.deepEqual([...(await memory.entries("")).keys()], ["kept", "unused"]);
      });
      passDays(50);
      await tidy();
      await workOn(store, { iid: 1, head: "c" }, async ({ memory }) => {
        assert.deepEqual([...(await memory.entries("")).keys()], ["kept"]);
      });
    });
  });

  describe("tokens that were proved", () => {
    const TOKEN = new Secret("glpat-of-a-project-bot");

    test("are known to whoever opens the store next, by a hash of its own key, until they are refused", async () => {
      const place = await bench().places.fresh();
      const opened = async <T>(work: (known: ProvenTokens, store: OpenedStore) => Promise<T>): Promise<T> => {
        await using store = await place.open();
        return await work(await store.openProvenTokens(), store);
      };
      const hash = await opened(async (known) => {
        const name = known.hash(TOKEN);
        assert.equal(known.isKnown(name), false);
        await Promise.all([known.keep(name, 1), known.keep(name, 1), known.keep(name, 2)]);
        return name;
      });
      for (const stored of place.dump()) assert.equal(stored.includes(TOKEN.reveal()), false);
      await opened(async (known) => {
        assert.equal(known.hash(TOKEN), hash);
        assert.deepEqual(
          [known.isKnown(hash), known.isKnown(hash, 1), known.isKnown(hash, 3)],
          [true, true, false],
        );
        assert.equal(known.isKnown(known.hash(new Secret("glpat-another"))), false);
        await known.forget(hash, 1);
        assert.deepEqual([known.isKnown(hash), known.isKnown(hash, 1)], [true, false]);
      });
      await opened(async (known, store) => {
        assert.deepEqual([known.isKnown(hash, 2), known.isKnown(hash, 1)], [true, false]);
        await store.forgetProject("2");
        await until(async () => !known.isKnown(hash), "the memory to hear of it");
        await known.keep(hash, 3);
        await known.keep(hash, 4);
        await known.forget(hash, null);
      });
      await opened(async (known) => assert.equal(known.isKnown(hash), false));
      await using other = await (await bench().places.fresh()).open();
      assert.notEqual((await other.openProvenTokens()).hash(TOKEN), hash, "another store's key is another");
    });

    test("are kept for a month behind their last proof", async () => {
      const place = await bench().places.fresh();
      const { clock, passDays, tidy } = createRounds();
      await using store = await place.open({ clock, maintenanceIntervalMs: TURN_MS });
      const known = await store.openProvenTokens();
      await known.keep("quiet", 1);
      await known.keep("busy", 1);
      passDays(20);
      await known.keep("busy", 1);
      passDays(20);
      assert.deepEqual([known.isKnown("quiet"), known.isKnown("busy")], [false, true]);
      await tidy();
      const again = await store.openProvenTokens();
      assert.deepEqual([again.isKnown("quiet"), again.isKnown("busy")], [false, true]);
    });

    test("are bounded in number: the oldest go, from memory and from the database", async () => {
      const place = await bench().places.fresh();
      await (await place.open())[Symbol.asyncDispose]();
      const database = await openDatabase(place);
      try {
        let now = 1_800_000_000_000;
        const parts = { database, clock: { now: () => now }, logger: silentLogger };
        const known = await openProvenTokens({ ...parts, most: 3 });
        for (const projectId of [1, 2, 3, 4, 5]) {
          now += 1;
          await known.keep("of-a-group", projectId);
        }
        const which = (from: ProvenTokens) =>
          [1, 2, 3, 4, 5].filter((projectId) => from.isKnown("of-a-group", projectId));
        assert.deepEqual(which(known), [3, 4, 5]);
        await forgetOldProvenTokens(database, now, 3);
        assert.deepEqual(which(await openProvenTokens(parts)), [3, 4, 5]);
      } finally {
        await database.close();
      }
    });

    test("cost no delivery when the database does not take them", async () => {
      const place = await bench().places.fresh();
      const store = await place.open();
      const known = await store.openProvenTokens();
      await store[Symbol.asyncDispose]();
      await known.keep("kept-too-late", 1);
      assert.equal(known.isKnown("kept-too-late", 1), true);
      await known.forget("kept-too-late", null);
      assert.equal(known.isKnown("kept-too-late"), false);
    });
  });

  describe("the ids of our notes", () => {
    test("are kept once for each merge request, more than a statement takes, until nobody needs them", async () => {
      const place = await bench().places.fresh();
      const { clock, passDays, tidy } = createRounds();
      await using store = await place.open({ clock, maintenanceIntervalMs: TURN_MS });
      const { ownNotes } = store;
      const many = Array.from({ length: 450 }, (_, index) => 1_000_000_000_000 + index);
      await Promise.all([
        ownNotes.add({ projectId: 1, iid: 1 }, many),
        ownNotes.add({ projectId: 1, iid: 1 }, many),
        ownNotes.add({ projectId: 1, iid: 2 }, [5, 5]),
        ownNotes.add({ projectId: 2, iid: 1 }, []),
      ]);
      assert.deepEqual(await ownNotes.list({ projectId: 1, iid: 1 }), new Set(many));
      assert.deepEqual(await ownNotes.list({ projectId: 1, iid: 2 }), new Set([5]));
      assert.deepEqual(await ownNotes.list({ projectId: 2, iid: 1 }), new Set());
      passDays(300);
      await ownNotes.add({ projectId: 1, iid: 2 }, [5]);
      passDays(200);
      await tidy();
      assert.deepEqual(await ownNotes.list({ projectId: 1, iid: 1 }), new Set());
      assert.deepEqual(await ownNotes.list({ projectId: 1, iid: 2 }), new Set([5]));
    });
  });
};

const TURN_MS = 12_345;

/** A clock that is put forward by days, and under which maintenance does its rounds when it is told to. */
const createRounds = () => {
  let aheadMs = 0;
  let wake = (): void => undefined;
  let asleep = Promise.withResolvers<void>();
  const clock: Clock = {
    now: () => systemClock.now() + aheadMs,
    sleep: async (ms, signal) => {
      if (ms !== TURN_MS) return systemClock.sleep(ms, signal);
      const woken = Promise.withResolvers<void>();
      wake = woken.resolve;
      signal?.addEventListener("abort", () => woken.resolve());
      asleep.resolve();
      await woken.promise;
    },
  };
  return {
    clock,
    passDays: (days: number) => (aheadMs += days * DAY_MS),
    tidy: async () => {
      await asleep.promise;
      asleep = Promise.withResolvers();
      wake();
      await asleep.promise;
    },
  };
};
