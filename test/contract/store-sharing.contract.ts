import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../properties.ts";
import { nextNumber, queueRun, succeeded, until } from "../store/store-requests.ts";
import type { GetBench } from "./store-bench.ts";

/** What projects rely on that share a store. */
export const sharingContract = (bench: GetBench): void => {
  describe("sharing between projects", () => {
    test("each project that waits is served before any is served again", async () => {
      await using store = await (await bench().places.fresh()).open();
      const started: number[] = [];
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 4 }),
          async (sizes) => {
            started.length = 0;
            const projects = sizes.map((size) => ({ size, projectId: 2_000_000 + nextNumber() }));
            // All of the first project come before all of the second: whoever went by age would serve it first.
            for (const { size, projectId } of projects)
              await Promise.all(
                Array.from({ length: size }, (_, iid) => queueRun(store, { projectId, iid: iid + 1 })),
              );
            const total = sizes.reduce((sum, size) => sum + size, 0);
            const worker = await store.work({
              concurrency: 1,
              perProject: 1,
              handle: async ({ run }) => {
                started.push(run.projectId);
                return succeeded;
              },
            });
            await until(async () => started.length === total, "everything is worked off");
            await worker.stop(5_000);
            const longest = Math.max(...sizes);
            const expected = Array.from({ length: longest }, (_, round) =>
              projects.filter(({ size }) => size > round).map(({ projectId }) => projectId),
            );
            // Round by round; within a round in the order of the round before.
            assert.deepEqual(started, expected.flat());
          },
        ),
        { numRuns: 4 },
      );
    });

    test("one with hundreds of runs leaves the others their places at once", async () => {
      await using store = await (await bench().places.fresh()).open();
      const flood = 2_000_000 + nextNumber();
      await Promise.all(
        Array.from({ length: 300 }, (_, iid) => queueRun(store, { projectId: flood, iid: iid + 1 })),
      );
      const small = [nextNumber(), nextNumber()].map((number) => 2_000_000 + number);
      for (const projectId of small) await queueRun(store, { projectId, iid: 1 });
      const started: number[] = [];
      const worker = await store.work({
        concurrency: 3,
        perProject: 3,
        handle: async ({ run }) => {
          started.push(run.projectId);
          return succeeded;
        },
      });
      await until(
        async () => small.every((projectId) => started.includes(projectId)),
        "the others to be served",
      );
      await worker.stop(5_000);
      assert.deepEqual(new Set(started.slice(0, 3)), new Set([flood, ...small]));
    });
  });
};
