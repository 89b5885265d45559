import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { StoreError } from "../../src/base/errors.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type { MergeRequestHistory } from "../../src/review/decide.ts";
import { RunCancelled } from "../../src/review/flow-runner.ts";
import type { Claim, Settlement, Store } from "../../src/store/store.ts";
import type { Place, Places } from "../store/store-places.ts";
import {
  closing,
  nextNumber,
  queueRun,
  request,
  succeeded,
  until,
  untilState,
} from "../store/store-requests.ts";

const failure = (code: string) => (error: unknown) => error instanceof StoreError && error.code === code;

const retry = (reason = "busy", retryAfterMs?: number): Settlement => ({
  state: "retry",
  reason,
  reasonCode: "model-busy",
  retryAfterMs,
});

/** What intake and worker rely on, whichever database is behind the store. */
export const storeContract = (name: string, createPlaces: () => Promise<Places>): void => {
  describe(`store contract: ${name}`, () => {
    let places: Places;
    let place: Place;
    let store: Store;
    const key = randomBytes(32);

    before(async () => {
      places = await createPlaces();
      place = await places.fresh();
      store = await place.open({ tokenKeys: [key] });
    });
    after(async () => {
      await store[Symbol.asyncDispose]();
      places.remove();
    });

    /** Works with `handle` while `during` runs. */
    const working = async (
      handle: (claim: Claim) => Promise<Settlement>,
      during: () => Promise<void>,
      limits: { concurrency?: number; perProject?: number } = {},
    ): Promise<void> => {
      const worker = await store.work({ handle, concurrency: 4, perProject: 4, ...limits });
      try {
        await during();
      } finally {
        await worker.stop(1_000);
      }
    };

    describe("accepting", () => {
      test("keeps a delivery with its body byte for byte", async () => {
        for (const body of [
          Buffer.alloc(0),
          Buffer.from([0, 255, 254, 0, 10]),
          randomBytes(70_000),
          Buffer.alloc(90_000, "merge request "),
        ]) {
          const asked = request({ iid: nextNumber(), body });
          const outcome = await store.accept({
            ...asked,
            delivery: { ...asked.delivery, eventName: "A\u0000B" },
          });
          assert.equal(outcome.kind, "review");
          const delivery = await store.getDelivery(outcome.deliveryId);
          assert.ok(delivery);
          assert.equal(delivery.key, asked.delivery.key);
          assert.equal(delivery.eventName, "A\uFFFDB");
          assert.equal(delivery.receivedAtMs, asked.delivery.receivedAtMs);
          assert.deepEqual(delivery.headers, asked.delivery.headers);
          assert.equal(delivery.decision, "review");
          assert.equal(delivery.reason, "opened");
          assert.equal(delivery.repeats, 0);
          const kept = await store.getDeliveryBody(outcome.deliveryId);
          assert.ok(kept && Buffer.compare(kept, body) === 0);
        }
      });

      test("keeps a body of 25 MB that cannot be compressed", async () => {
        const body = randomBytes(25 * 1024 * 1024);
        const { deliveryId } = await store.accept(request({ iid: nextNumber(), body }));
        const kept = await store.getDeliveryBody(deliveryId);
        assert.ok(kept && Buffer.compare(kept, body) === 0);
      });

      test("keeps what JSON can carry and jsonb cannot", async () => {
        const asked = request({ iid: nextNumber() });
        const event = { text: "a\u0000b\ud800", list: [1.5, null, true] };
        const outcome = await store.accept({ ...asked, run: { flow: "classic", event, token: null } });
        assert.equal(outcome.kind, "review");
        assert.deepEqual((await store.getRun(outcome.runId))?.event, event);
      });

      test("recognises a repeat, within a batch and later, and counts it", async () => {
        const iid = nextNumber();
        const asked = request({ iid, key: `same-${iid}` });
        const outcomes = await Promise.all(Array.from({ length: 4 }, () => store.accept(asked)));
        outcomes.push(await store.accept(asked));
        assert.deepEqual(outcomes.map((outcome) => outcome.kind).toSorted(), [
          "duplicate",
          "duplicate",
          "duplicate",
          "duplicate",
          "review",
        ]);
        assert.equal(new Set(outcomes.map((outcome) => outcome.deliveryId)).size, 1);
        assert.equal((await store.getDelivery(outcomes[0]?.deliveryId ?? ""))?.repeats, 4);
      });

      test("takes a key of any length", async () => {
        const long = request({ iid: nextNumber(), key: `${nextNumber()}${"k".repeat(20_000)}` });
        assert.equal((await store.accept(long)).kind, "review");
        assert.equal((await store.accept(long)).kind, "duplicate");
      });

      test("stores an event about no merge request", async () => {
        const asked = request({ decide: () => ({ kind: "ignore", reason: "event-not-reviewed: push" }) });
        const outcome = await store.accept({
          ...asked,
          delivery: { ...asked.delivery, project: null, iid: null },
          run: null,
        });
        assert.equal(outcome.kind, "ignore");
        const delivery = await store.getDelivery(outcome.deliveryId);
        assert.equal(delivery?.projectId, null);
        assert.equal(delivery?.reason, "event-not-reviewed: push");
        assert.equal(delivery?.runId, null);
      });

      test("lets a newer head take the place of a waiting run, within a batch too", async () => {
        const iid = nextNumber();
        const first = await queueRun(store, { iid, head: "a" });
        const [second, third] = await Promise.all([
          store.accept(request({ iid, head: "b" })),
          store.accept(request({ iid, head: "c" })),
        ]);
        assert.ok(second?.kind === "review" && third?.kind === "review");
        assert.deepEqual(second.superseded, [first]);
        assert.deepEqual(third.superseded, [second.runId]);
        const states = await Promise.all(
          [first, second.runId, third.runId].map(async (id) => (await store.getRun(id))?.state),
        );
        assert.deepEqual(states, ["superseded", "superseded", "queued"]);
        const handled: (string | null)[] = [];
        await working(
          async ({ run }) => {
            if (run.iid === iid) handled.push(run.headSha);
            return succeeded;
          },
          async () => void (await untilState(store, third.runId, "succeeded")),
        );
        assert.deepEqual(handled, ["c"]);
      });

      test("tells decide what has been done, deciding anew for every delivery", async () => {
        const iid = nextNumber();
        const seen: MergeRequestHistory[] = [];
        const spy = request({
          iid,
          decide: (history) => {
            seen.push(history);
            return { kind: "ignore", reason: "only looking" };
          },
        });
        const look = async (): Promise<MergeRequestHistory | undefined> => {
          await store.accept({ ...spy, delivery: { ...spy.delivery, key: `look-${nextNumber()}` } });
          return seen.at(-1);
        };
        assert.deepEqual(await look(), { queued: null, active: null, reviewedHeads: [] });
        const first = await queueRun(store, { iid, head: "a" });
        assert.deepEqual(await look(), {
          queued: { runId: first, headSha: "a" },
          active: null,
          reviewedHeads: [],
        });
        const gate = Promise.withResolvers<void>();
        await working(
          async () => {
            await gate.promise;
            return { state: "partial-succeeded", reason: null, result: null, usage: NO_USAGE };
          },
          async () => {
            await untilState(store, first, "active");
            const second = await queueRun(store, { iid, head: "b" });
            assert.deepEqual(await look(), {
              queued: { runId: second, headSha: "b" },
              active: { runId: first, headSha: "a" },
              reviewedHeads: [],
            });
            gate.resolve();
            await untilState(store, second, "partial-succeeded");
          },
        );
        assert.deepEqual(await look(), { queued: null, active: null, reviewedHeads: ["b", "a"] });
      });

      test("a request that cannot be stored does not sink its neighbours", async () => {
        const [good, thrown, refused, alsoGood] = await Promise.allSettled([
          store.accept(request({ iid: nextNumber() })),
          store.accept(
            request({
              iid: nextNumber(),
              decide: () => {
                throw new RangeError("no such event");
              },
            }),
          ),
          store.accept(request({ iid: 1e30 })),
          store.accept(request({ iid: nextNumber() })),
        ]);
        assert.equal(good?.status, "fulfilled");
        assert.equal(alsoGood?.status, "fulfilled");
        assert.ok(thrown?.status === "rejected" && thrown.reason instanceof RangeError);
        assert.ok(refused?.status === "rejected" && refused.reason instanceof StoreError);
      });

      test("a review without a merge request is refused by name", async () => {
        await assert.rejects(
          store.accept({ ...request({ iid: nextNumber() }), run: null }),
          failure("review-without-run"),
        );
      });
    });

    describe("cancelling", () => {
      test("a close ends a waiting run", async () => {
        const iid = nextNumber();
        const runId = await queueRun(store, { iid });
        const outcome = await store.accept(closing({ iid }));
        assert.ok(outcome.kind === "cancel");
        assert.deepEqual(outcome.runIds, [runId]);
        const run = await store.getRun(runId);
        assert.equal(run?.state, "cancelled");
        assert.equal(run?.reason, "merge-request-closed");
        assert.notEqual(run?.finishedAtMs, null);
      });

      test("a close stops an active run with RunCancelled, and a reopening is reviewed anew", async () => {
        const iid = nextNumber();
        const runId = await queueRun(store, { iid });
        const histories: MergeRequestHistory[] = [];
        let second = "";
        await working(
          ({ run, signal }) =>
            run.id === runId
              ? new Promise((_, reject) => {
                  signal.addEventListener("abort", () => {
                    assert.ok(signal.reason instanceof RunCancelled);
                    setTimeout(() => reject(signal.reason), 200);
                  });
                })
              : Promise.resolve(succeeded),
          async () => {
            await untilState(store, runId, "active");
            await store.accept(closing({ iid }));
            const reopened = await store.accept(
              request({
                iid,
                decide: (history) => {
                  histories.push(history);
                  return { kind: "review", headSha: "head", trigger: "reopened" };
                },
              }),
            );
            assert.ok(reopened.kind === "review");
            second = reopened.runId;
            await untilState(store, runId, "cancelled");
            await untilState(store, second, "succeeded");
          },
        );
        assert.equal(histories[0]?.active, null);
        assert.equal((await store.getRun(runId))?.reason, "merge-request-closed");
      });

      test("by hand: waiting and active runs end, finished and unknown ones do not", async () => {
        const waiting = await queueRun(store, { iid: nextNumber() });
        assert.equal(await store.cancelRun(waiting, "by hand"), true);
        assert.equal(await store.cancelRun(waiting, "by hand"), false);
        assert.equal(await store.cancelRun("5c6f8a1e-0000-7000-8000-000000000000", "by hand"), false);
        assert.equal(await store.cancelRun("no id", "by hand"), false);
        const active = await queueRun(store, { iid: nextNumber() });
        await working(
          ({ signal }) =>
            new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
          async () => {
            await untilState(store, active, "active");
            assert.equal(await store.cancelRun(active, "by hand\u0000"), true);
            assert.equal((await untilState(store, active, "cancelled")).reason, "by hand\uFFFD");
          },
        );
      });

      test("a review that is finished all the same counts as one", async () => {
        const runId = await queueRun(store, { iid: nextNumber() });
        const gate = Promise.withResolvers<void>();
        await working(
          async () => {
            await gate.promise;
            return succeeded;
          },
          async () => {
            await untilState(store, runId, "active");
            await store.cancelRun(runId, "too late");
            gate.resolve();
            await untilState(store, runId, "succeeded");
          },
        );
      });
    });

    describe("working", () => {
      test("hands over the run and keeps what it left behind", async () => {
        const runId = await queueRun(store, { iid: nextNumber(), head: "abc" });
        const usage = { ...NO_USAGE, totalTokens: 7, totalPrice: 0.25 };
        const result = { noteId: 5, text: "\u0000" };
        const claims: Claim[] = [];
        await working(
          async (claim) => {
            claims.push(claim);
            return { state: "partial-succeeded", reason: "one node was skipped", result, usage };
          },
          async () => void (await untilState(store, runId, "partial-succeeded")),
        );
        assert.equal(claims.length, 1);
        assert.equal(claims[0]?.run.state, "active");
        assert.equal(claims[0]?.run.attempts, 1);
        assert.equal(claims[0]?.token, null);
        const run = await store.getRun(runId);
        assert.deepEqual(run?.result, result);
        assert.deepEqual(run?.usage, usage);
        assert.equal(run?.reason, "one node was skipped");
        assert.ok(
          run.startedAtMs !== null && run.finishedAtMs !== null && run.finishedAtMs >= run.startedAtMs,
        );
      });

      test("retries until the attempts are used up, and says why", async () => {
        const runId = await queueRun(store, { iid: nextNumber() });
        let attempts = 0;
        await working(
          async () => {
            attempts += 1;
            return retry();
          },
          async () => void (await untilState(store, runId, "failed")),
        );
        assert.equal(attempts, 3);
        const run = await store.getRun(runId);
        assert.equal(run?.attempts, 3);
        assert.match(run?.reason ?? "", /busy.*3 attempts/);
        assert.equal(run?.reasonCode, "model-busy");
      });

      test("waits as long as the other side asks, and tells until when", async () => {
        const runId = await queueRun(store, { iid: nextNumber() });
        const before = Date.now();
        await working(
          async () => retry("slow down", 3_600_000),
          async () => {
            const run = await untilState(store, runId, "retrying");
            assert.ok((run.nextAttemptAtMs ?? 0) >= before + 3_600_000);
            assert.equal(run.reason, "slow down");
          },
        );
        assert.equal(await store.cancelRun(runId, "enough"), true);
      });

      test("takes thrown errors for what they are", async () => {
        const cases = [
          {
            thrown: new StoreError("cannot work", { code: "no-way" }),
            state: "failed",
            code: "no-way",
            attempts: 1,
          },
          {
            thrown: new StoreError("try again", { code: "later", retryable: true, retryAfterMs: 1 }),
            state: "failed",
            code: "later",
            attempts: 3,
          },
          { thrown: new TypeError("x is undefined"), state: "failed", code: "unexpected-error", attempts: 3 },
        ] as const;
        for (const { thrown, state, code, attempts } of cases) {
          const runId = await queueRun(store, { iid: nextNumber() });
          await working(
            async () => {
              throw thrown;
            },
            async () => void (await untilState(store, runId, state)),
          );
          const run = await store.getRun(runId);
          assert.equal(run?.reasonCode, code);
          assert.equal(run?.attempts, attempts);
          assert.ok(run?.reason?.includes(thrown.message));
        }
      });

      test("a newer head takes the place of a run that waits for its next attempt", async () => {
        const iid = nextNumber();
        const first = await queueRun(store, { iid, head: "a" });
        await working(
          async ({ run }) => (run.headSha === "a" ? retry("busy", 3_600_000) : succeeded),
          async () => {
            await untilState(store, first, "retrying");
            const second = await queueRun(store, { iid, head: "b" });
            assert.equal((await store.getRun(first))?.state, "superseded");
            await untilState(store, second, "succeeded");
          },
        );
      });

      test("a run that fails while a newer head waits gives way, and the newer one keeps its attempts", async () => {
        const iid = nextNumber();
        const first = await queueRun(store, { iid, head: "a" });
        const gate = Promise.withResolvers<void>();
        let newerAttempts = 0;
        await working(
          async ({ run }) => {
            if (run.headSha === "a") await gate.promise;
            else newerAttempts += 1;
            return run.headSha === "b" && newerAttempts === 3 ? succeeded : retry();
          },
          async () => {
            await untilState(store, first, "active");
            const second = await queueRun(store, { iid, head: "b" });
            gate.resolve();
            await untilState(store, first, "superseded");
            await untilState(store, second, "succeeded");
          },
        );
        assert.equal(newerAttempts, 3);
      });

      test("works on one run of a merge request at a time, and keeps to its limits", async () => {
        const projects = [nextNumber() + 1_000_000, nextNumber() + 1_000_000, nextNumber() + 1_000_000];
        const active = new Map<string, number>();
        const most = { total: 0, project: 0, mergeRequest: 0 };
        const enter = (name: string, by: number): number => {
          active.set(name, (active.get(name) ?? 0) + by);
          return active.get(name) ?? 0;
        };
        const ids: string[] = [];
        await working(
          async ({ run }) => {
            const names = ["total", `p${run.projectId}`, `p${run.projectId}!${run.iid}`] as const;
            most.total = Math.max(most.total, enter(names[0], 1));
            most.project = Math.max(most.project, enter(names[1], 1));
            most.mergeRequest = Math.max(most.mergeRequest, enter(names[2], 1));
            await delay(5);
            for (const name of names) enter(name, -1);
            return succeeded;
          },
          async () => {
            for (let round = 0; round < 3; round += 1) {
              const asks = projects.flatMap((projectId) =>
                [1, 2, 3, 4].map((iid) => queueRun(store, { projectId, iid, head: `${round}` })),
              );
              ids.push(...(await Promise.all(asks)));
              await delay(20);
            }
            await until(async () => {
              const counts = await store.countRuns();
              return counts.queued + counts.active + counts.retrying === 0;
            }, "everything is worked off");
          },
          { concurrency: 5, perProject: 2 },
        );
        assert.ok(most.total <= 5 && most.total >= 2, `total ${most.total}`);
        assert.equal(most.project, 2);
        assert.equal(most.mergeRequest, 1);
        for (const id of ids) assert.match((await store.getRun(id))?.state ?? "", /^(succeeded|superseded)$/);
      });

      test("an orderly stop lets a run finish", async () => {
        const runId = await queueRun(store, { iid: nextNumber() });
        const worker = await store.work({
          concurrency: 1,
          perProject: 1,
          handle: async ({ signal }) => {
            await delay(100);
            assert.equal(signal.aborted, false);
            return succeeded;
          },
        });
        await untilState(store, runId, "active");
        await worker.stop(5_000);
        assert.equal((await store.getRun(runId))?.state, "succeeded");
      });

      test("a stop whose patience ends hands a run back without counting the attempt", async () => {
        const runId = await queueRun(store, { iid: nextNumber() });
        const worker = await store.work({
          concurrency: 1,
          perProject: 1,
          handle: ({ signal }) =>
            new Promise((resolve) =>
              signal.addEventListener("abort", () => {
                assert.ok(!(signal.reason instanceof RunCancelled));
                resolve({ state: "handed-back" });
              }),
            ),
        });
        await untilState(store, runId, "active");
        await worker.stop(20);
        const run = await store.getRun(runId);
        assert.equal(run?.state, "queued");
        assert.equal(run?.attempts, 0);
        await working(
          async () => succeeded,
          async () => void (await untilState(store, runId, "succeeded")),
        );
      });
    });

    describe("the journal", () => {
      test("keeps entries in order, any value, over attempts, and apart from other runs", async () => {
        const ids = [
          await queueRun(store, { iid: nextNumber() }),
          await queueRun(store, { iid: nextNumber() }),
        ];
        const seen = new Map<string, unknown>();
        await working(
          async ({ run, journal }) => {
            if (run.attempts === 1) {
              await journal.write("b/1", null);
              await journal.write("a\u0000\\0", [run.id, "\u0000"]);
              await journal.write("b/2", { n: 1.5 });
              await journal.write("b/1", "replaced");
              await journal.write("b", true);
              return retry();
            }
            seen.set(run.id, [
              await journal.read("a\u0000\\0"),
              await journal.read("nothing"),
              [...(await journal.entries("b/"))],
              [...(await journal.entries("")).keys()],
            ]);
            return succeeded;
          },
          async () => {
            for (const id of ids) await untilState(store, id, "succeeded");
          },
        );
        for (const id of ids) {
          assert.deepEqual(seen.get(id), [
            [id, "\u0000"],
            undefined,
            [
              ["b/1", "replaced"],
              ["b/2", { n: 1.5 }],
            ],
            ["b/1", "a\u0000\\0", "b/2", "b"],
          ]);
        }
      });

      test("is closed to those who have settled", async () => {
        const runId = await queueRun(store, { iid: nextNumber() });
        const claims: Claim[] = [];
        await working(
          async (claim) => {
            claims.push(claim);
            return succeeded;
          },
          async () => void (await untilState(store, runId, "succeeded")),
        );
        await assert.rejects(async () => claims[0]?.journal.write("late", 1), failure("claim-lost"));
      });
    });

    test("runs a finished run again, with a fresh journal, unless one is under way", async () => {
      const iid = nextNumber();
      const first = await queueRun(store, { iid, head: "a" });
      assert.equal(await store.runAgain(first), null);
      const journals: unknown[] = [];
      let again = "";
      await working(
        async ({ run, journal }) => {
          journals.push(await journal.read("step"));
          await journal.write("step", run.id);
          return run.id === first
            ? { state: "failed", reason: "no", reasonCode: "bad", usage: NO_USAGE }
            : succeeded;
        },
        async () => {
          await untilState(store, first, "failed");
          again = (await store.runAgain(first)) ?? "";
          const run = await untilState(store, again, "succeeded");
          assert.equal(run.headSha, "a");
          assert.equal(run.trigger, "run-again");
        },
      );
      assert.deepEqual(journals, [undefined, undefined]);
      assert.equal((await store.getRun(first))?.state, "failed");
      assert.equal(await store.runAgain("5c6f8a1e-0000-7000-8000-000000000000"), null);
      assert.equal(await store.runAgain("no id"), null);
    });

    describe("tokens", () => {
      test("come back with the claim of every attempt and go with the run", async () => {
        const runId = await queueRun(store, { iid: nextNumber(), token: "glpat-come-back" });
        const tokens: (string | undefined)[] = [];
        await working(
          async ({ run, token }) => {
            tokens.push(token?.reveal());
            return run.attempts === 1 ? retry() : succeeded;
          },
          async () => void (await untilState(store, runId, "succeeded")),
        );
        assert.deepEqual(tokens, ["glpat-come-back", "glpat-come-back"]);
        let again: unknown = "not run";
        const second = await store.runAgain(runId);
        await working(
          async ({ token }) => {
            again = token;
            return succeeded;
          },
          async () => void (await untilState(store, second ?? "", "succeeded")),
        );
        assert.equal(again, null);
      });

      test("are refused without a key, by the name of the setting", async () => {
        const other = await places.fresh();
        await using keyless = await other.open();
        await assert.rejects(
          keyless.accept(request({ token: "glpat-x" })),
          (error) =>
            failure("encryption-key-missing")(error) && /REVIEWFLOW_ENCRYPTION_KEY/.test(String(error)),
        );
        assert.equal((await keyless.accept(request({}))).kind, "review");
      });

      test("lie on the disk only encrypted, and an unknown key fails the run", async () => {
        const other = await places.fresh();
        const token = `glpat-${randomBytes(12).toString("hex")}`;
        const visible = "a-text-that-is-found";
        const first = await other.open({ tokenKeys: [key] });
        const readable = await queueRun(first, { iid: 1, token, body: Buffer.from(visible) });
        const unreadable = await queueRun(first, { iid: 2, token });
        await first[Symbol.asyncDispose]();
        const disk = other.dump();
        const holds = (text: string): boolean =>
          disk.some((file) => file.includes(text) || file.includes(Buffer.from(text).toString("hex")));
        assert.ok(holds(visible), "the dump shows what is not encrypted");
        assert.ok(!holds(token), "the token is nowhere");

        const newKey = randomBytes(32);
        const rotated = await other.open({ tokenKeys: [newKey, key] });
        const revealed = Promise.withResolvers<string | undefined>();
        const worker = await rotated.work({
          concurrency: 1,
          perProject: 1,
          handle: async (claim) => {
            revealed.resolve(claim.token?.reveal());
            return claim.run.id === readable ? succeeded : retry("not this one", 3_600_000);
          },
        });
        assert.equal(await revealed.promise, token);
        await untilState(rotated, readable, "succeeded");
        await untilState(rotated, unreadable, "retrying");
        await worker.stop(0);
        await rotated[Symbol.asyncDispose]();

        await using strange = await other.open({ tokenKeys: [newKey] });
        const queued = await queueRun(strange, { iid: 3 });
        const last = await strange.work({ concurrency: 1, perProject: 1, handle: async () => succeeded });
        const run = await untilState(strange, unreadable, "failed");
        await last.stop(0);
        assert.equal(run.reasonCode, "token-unreadable");
        assert.ok(!run.reason?.includes(token));
      });
    });

    test("lists and counts, newest first", async () => {
      const other = await places.fresh();
      await using fresh = await other.open();
      const ids = [];
      for (const iid of [1, 2, 3]) ids.push(await queueRun(fresh, { iid }));
      await fresh.cancelRun(ids[1] ?? "", "by hand");
      const listed = async (filter: Parameters<Store["listRuns"]>[0]): Promise<string[]> =>
        (await fresh.listRuns(filter)).map((run) => run.id);
      assert.deepEqual(await listed({ limit: 10 }), ids.toReversed());
      assert.deepEqual(await listed({ limit: 1 }), [ids[2]]);
      assert.deepEqual(await listed({ limit: 10, state: "cancelled" }), [ids[1]]);
      const deliveries = await fresh.listDeliveries({ limit: 2 });
      assert.deepEqual(
        deliveries.map((delivery) => delivery.runId),
        [ids[2], ids[1]],
      );
      const counts = await fresh.countRuns();
      assert.equal(counts.queued, 2);
      assert.equal(counts.cancelled, 1);
      assert.equal(counts.failed, 0);
      await fresh.ping();
      assert.equal(await fresh.getRun("no id"), null);
      assert.equal(await fresh.getDelivery("no id"), null);
      assert.equal(await fresh.getDeliveryBody("5c6f8a1e-0000-7000-8000-000000000000"), null);
    });

    test("everything is there after it was closed and opened again", async () => {
      const other = await places.fresh();
      const first = await other.open();
      const runId = await queueRun(first, { iid: 1 });
      const stuck = await queueRun(first, { iid: 2 });
      await first.work({
        concurrency: 2,
        perProject: 2,
        handle: async ({ run, journal, signal }) => {
          await journal.write("step", run.iid);
          if (run.id === runId) return succeeded;
          return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        },
      });
      await untilState(first, runId, "succeeded");
      await untilState(first, stuck, "active");
      await first[Symbol.asyncDispose]();
      await first[Symbol.asyncDispose]();
      await assert.rejects(first.accept(request({ iid: 3 })), failure("store-closed"));

      await using second = await other.open();
      assert.equal((await second.getRun(runId))?.state, "succeeded");
      const steps: unknown[] = [];
      const worker = await second.work({
        concurrency: 1,
        perProject: 1,
        handle: async ({ journal }) => {
          steps.push(await journal.read("step"));
          return succeeded;
        },
      });
      await untilState(second, stuck, "succeeded");
      await worker.stop(0);
      assert.deepEqual(steps, [2]);
    });
  });
};
