import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { openStore } from "../../src/store/open-store.ts";
import type { Settlement } from "../../src/store/store.ts";
import { QUICK } from "../store/store-places.ts";
import { queueRun, succeeded, until } from "../store/store-requests.ts";

const HOUR_MS = 3_600_000;
const dataDir = mkdtempSync(join(tmpdir(), "reviewflow-clock-"));
after(() => rmSync(dataDir, { recursive: true, force: true }));

const busy: Settlement = { state: "retry", reason: reasonOf("model-overloaded"), retryAfterMs: undefined };

test("the clock jumps by hours while runs wait, are worked on and are tried again: each ends once", async () => {
  let offMs = 0;
  const clock: Clock = { now: () => Date.now() + offMs, sleep: systemClock.sleep };
  await using store = await openStore({
    database: { dataDir: dataDir },
    ...QUICK,
    clock,
  });
  const ends = new Map<string, number>();
  const attempts = new Map<string, number>();
  let gate = Promise.withResolvers<void>();
  const worker = await store.work({
    concurrency: 2,
    perProject: 2,
    handle: async ({ run }) => {
      await gate.promise;
      const attempt = (attempts.get(run.id) ?? 0) + 1;
      attempts.set(run.id, attempt);
      // Every other run is tried again, and its wait begins at one time and ends at another.
      if (run.iid % 2 === 0 && attempt === 1) return busy;
      ends.set(run.id, (ends.get(run.id) ?? 0) + 1);
      return succeeded;
    },
  });
  const ids: string[] = [];
  let iid = 0;
  try {
    for (const jump of [5 * HOUR_MS, -9 * HOUR_MS]) {
      gate = Promise.withResolvers<void>();
      for (let count = 0; count < 4; count += 1)
        ids.push(await queueRun(store, { iid: (iid += 1), head: `head-${iid}` }));
      await until(async () => (await store.countRuns()).active === 2, "runs to be worked on");
      offMs += jump;
      ids.push(await queueRun(store, { iid: (iid += 1), head: `head-${iid}` }));
      gate.resolve();
      await until(
        async () => {
          const { queued, active, retrying } = await store.countRuns();
          return queued + active + retrying === 0;
        },
        `the queue to be worked off after a jump by ${jump / HOUR_MS} hours`,
      );
    }
  } finally {
    gate.resolve();
    await worker.stop(1_000);
  }
  assert.deepEqual(ends, new Map(ids.map((id) => [id, 1])));
});
