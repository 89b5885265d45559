import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { StoreError } from "../../src/base/errors.ts";
import { openStore } from "../../src/store/open-store.ts";
import { QUICK } from "../store/store-places.ts";
import { request, succeeded, until } from "../store/store-requests.ts";
import { createSmallDisk } from "./full-disk.ts";

test("a full disk under the embedded store: what was acknowledged stays, the rest is refused, room heals it", async (context) => {
  using disk = createSmallDisk();
  context.diagnostic(disk.kind);
  const database = { dataDir: join(disk.folder, "store") };
  const accepted: string[] = [];
  const refused = new Set<string>();
  {
    // Housekeeping comes all the time: it writes, too.
    await using store = await openStore({ database, ...QUICK, maintenanceIntervalMs: 100 });
    let count = 0;
    const deliver = async (): Promise<boolean> => {
      count += 1;
      const body = randomBytes(20_000).toString("base64");
      const ask = request({ key: `key-${count}`, iid: count, head: `head-${count}` });
      try {
        await store.accept({ ...ask, delivery: { ...ask.delivery, body: Buffer.from(body) } });
        accepted.push(`key-${count}`);
        return true;
      } catch (error) {
        assert.ok(error instanceof StoreError && error.retryable, String(error));
        refused.add(error.code);
        return false;
      }
    };
    for (let n = 0; n < 3; n += 1) assert.ok(await deliver());
    disk.fill();
    await until(async () => !(await deliver()), "the first refusal");
    for (let n = 0; n < 20; n += 1) await deliver();
    disk.empty();
    await until(deliver, "a delivery to be taken again");
    const worker = await store.work({ concurrency: 4, perProject: 4, handle: async () => succeeded });
    await until(async () => {
      const { queued, active, retrying } = await store.countRuns();
      return queued + active + retrying === 0;
    }, "the queue to be worked off");
    await worker.stop(1_000);
  }
  context.diagnostic(`${accepted.length} accepted; refused with ${[...refused].join(", ")}`);
  assert.deepEqual([...refused], ["store-disk-full"]);
  await using again = await openStore({ database, ...QUICK });
  const stored = new Set((await again.listDeliveries({ limit: 10_000 })).map(({ key }) => key));
  assert.deepEqual(
    accepted.filter((key) => !stored.has(key)),
    [],
  );
});
