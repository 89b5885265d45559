import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { OpenedStore } from "../../src/store/open-store.ts";
import { deliver, reviewed, settleNext, STEPS } from "../http/dashboard/filled-store.ts";
import { request } from "./store-requests.ts";

/** What every database has to answer pages. */
export const viewsContract = (name: string, open: () => Promise<OpenedStore>): void => {
  describe(`what pages ask of ${name}`, () => {
    let store: OpenedStore;
    const runs: string[] = [];
    const began = Date.now();
    const shop = { project: "team/shop", projectId: 7, title: "Shop" };

    before(async () => {
      store = await open();
      for (let iid = 1; iid <= 5; iid += 1) {
        const { runId } = await deliver(store, { ...shop, iid });
        runs.push(runId ?? "");
      }
      await settleNext(store, runs[0] ?? "", reviewed("first \u0000 \uD800 text"), STEPS);
      await settleNext(store, runs[1] ?? "", {
        state: "failed",
        reason: reasonOf("model-failed", { error: "model-refused" }),
        usage: {
          totalTokens: 5,
          promptTokens: 5,
          completionTokens: 0,
          totalPrice: 1.5,
          currency: "E\u0000R",
        },
      });
      await store.cancelRun(runs[2] ?? "", reasonOf("cancelled-by-user", { user: "ann" }));
      await deliver(
        store,
        { project: "other/tools", projectId: 8, iid: 1, title: "Tools" },
        { ignore: "unwanted" },
      );
    });
    after(() => store[Symbol.asyncDispose]());

    it("runs come in slices, newest first, without their results", async () => {
      const first = await store.views.listRuns({ limit: 3 });
      assert.deepEqual(
        first.rows.map(({ id }) => id),
        runs.slice(2).toReversed(),
      );
      assert.equal(first.more, true);
      const second = await store.views.listRuns({ limit: 3, before: first.rows.at(-1)?.id ?? null });
      assert.deepEqual(
        second.rows.map(({ id }) => id),
        [runs[1], runs[0]],
      );
      assert.equal(second.more, false);
      assert.equal(second.rows[1]?.result, null);
    });

    it("runs are narrowed by state, project, flow and delivery", async () => {
      const ids = async (narrowing: object): Promise<readonly string[]> =>
        (await store.views.listRuns({ limit: 10, ...narrowing })).rows.map(({ id }) => id);
      assert.deepEqual(await ids({ states: ["failed", "cancelled"] }), [runs[2], runs[1]]);
      assert.deepEqual(await ids({ projectPath: "other/tools" }), []);
      assert.deepEqual(await ids({ projectPath: "team/\u0000" }), []);
      assert.equal((await ids({ flow: "review" })).length, 5);
      assert.deepEqual(await ids({ flow: "another" }), []);
      const run = await store.getRun(runs[3] ?? "");
      assert.deepEqual(await ids({ deliveryId: run?.deliveryId }), [runs[3]]);
      assert.equal((await ids({ before: "no id'; --" })).length, 5);
    });

    it("deliveries are narrowed by decision and project", async () => {
      const { rows } = await store.views.listDeliveries({ limit: 10, decision: "ignore" });
      assert.deepEqual(
        rows.map(({ projectPath }) => projectPath),
        ["other/tools"],
      );
      const shops = await store.views.listDeliveries({ limit: 2, projectPath: "team/shop" });
      assert.equal(shops.rows.length, 2);
      assert.equal(shops.more, true);
    });

    it("counts what each span of time came to, whatever a currency is called", async () => {
      const quarter = began - (began % 900_000);
      const spans = await store.views.countBySpan([quarter - 1_800_000, quarter]);
      assert.deepEqual(
        [...new Set(spans.map(({ span }) => span))],
        [1],
        "all runs were made in the last span",
      );
      assert.equal(
        spans.reduce((sum, { runs: count }) => sum + count, 0),
        5,
      );
      const priced = spans.find(({ currency, price }) => currency === "USD" && price > 0);
      assert.equal(priced?.state, "partial-succeeded");
      assert.equal(priced?.tokens, 12_345);
      assert.equal(priced?.price, 0.0421);
    });

    it("tells of projects, of steps, and of the newest findings", async () => {
      const projects = await store.views.listProjects();
      assert.deepEqual(
        projects.map(({ path, lastDelivery, runs: count, waiting, failed, reviewed: done }) => ({
          path,
          last: lastDelivery.decision,
          count,
          waiting,
          failed,
          done,
        })),
        [
          { path: "other/tools", last: "ignore", count: 0, waiting: 0, failed: 0, done: 0 },
          { path: "team/shop", last: "review", count: 5, waiting: 2, failed: 1, done: 1 },
        ],
      );
      const facts = await Promise.all(projects.map(({ id }) => store.views.findProject(id)));
      assert.deepEqual(
        facts,
        projects.map((project, index) => ({ ...project, deliveries: [1, 5][index] })),
      );
      assert.equal(await store.views.findProject(987_654), null);
      const [newest] = (await store.views.listDeliveries({ limit: 1, projectPath: "team/shop" })).rows;
      assert.deepEqual(projects[1]?.lastDelivery, {
        id: newest?.id,
        decision: newest?.decision,
        reason: newest?.reason,
        atMs: newest?.receivedAtMs,
      });
      const steps = await store.views.listSteps(runs[0] ?? "", 10);
      assert.deepEqual(
        steps.map(({ key }) => key),
        Object.keys(STEPS),
      );
      assert.deepEqual(JSON.parse(steps[1]?.value ?? ""), STEPS["unit/src-cart"]);
      assert.deepEqual(await store.views.listSteps("no id", 10), []);
      const findings = await store.views.listFindingRuns({ limit: 10 });
      assert.deepEqual(
        findings.rows.map(({ id }) => id),
        [runs[0]],
      );
      assert.notEqual(findings.rows[0]?.result, null);
    });

    it("its pulse changes with every change and stands still otherwise", async () => {
      const seen = [await store.views.pulse()];
      assert.equal(await store.views.pulse(), seen[0]);
      await store.cancelRun(runs[4] ?? "", reasonOf("cancelled-by-user", { user: "ann" }));
      seen.push(await store.views.pulse());
      await deliver(store, { ...shop, iid: 9 }, { ignore: "unwanted" });
      seen.push(await store.views.pulse());
      await deliver(store, { ...shop, iid: 9 });
      seen.push(await store.views.pulse());
      assert.equal(new Set(seen).size, seen.length);
    });

    it("a delivery is found by our id, by its key, and by the part of it that GitLab knows", async () => {
      const known = `${Date.now()}-0f8e`;
      const { deliveryId } = await store.accept(request({ key: `idempotency-key:${known}`, projectId: 99 }));
      const find = async (reference: string) => (await store.views.findDelivery(reference))?.id ?? null;
      assert.equal(await find(deliveryId), deliveryId);
      assert.equal(await find(known), deliveryId);
      assert.equal(await find(`idempotency-key:${known}`), deliveryId);
      assert.equal(await find("nobody's"), null);
      assert.equal(await find(runs[0] ?? ""), null, "a run's id is no delivery's");
    });
  });
};
