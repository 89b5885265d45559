import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { suite, test } from "node:test";
import { StoreError } from "../../src/base/errors.ts";
import { restoreFolder } from "../../src/store/sqlite/restore-folder.ts";
import { hasStore } from "../../src/store/sqlite/data-folder.ts";
import { openStore, type OpenedStore } from "../../src/store/open-store.ts";
import { QUICK } from "./store-places.ts";
import { queueRun, succeeded, until, untilState } from "./store-requests.ts";

const TOKEN = "glpat-a-token-that-stays-sealed";

/** The token of the next run that is due. */
const takeToken = async (store: OpenedStore, runId: string): Promise<string | null> => {
  const tokens: (string | null)[] = [];
  const worker = await store.work({
    concurrency: 1,
    perProject: 1,
    handle: async ({ token }) => {
      tokens.push(token?.reveal() ?? null);
      return succeeded;
    },
  });
  await untilState(store, runId, "succeeded");
  await worker.stop(5_000);
  return tokens[0] ?? null;
};

suite("an embedded store's backup and keys", () => {
  test("a backup that is made while it works holds all that was answered before, and its tokens sealed", async () => {
    const root = mkdtempSync(join(tmpdir(), "reviewflow-backup-"));
    const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
    const dataDir = join(root, "store");
    const restored = join(root, "restored");
    try {
      const first = await openStore({ database: { dataDir }, tokenKeys: [oldKey], ...QUICK });
      const runId = await queueRun(first, {
        iid: 1,
        token: TOKEN,
        body: Buffer.from("a body to find again"),
      });
      // Deliveries keep coming while the copy is made.
      const accepted = [runId];
      const more = Array.from({ length: 8 }, async (_, index) => {
        accepted.push(await queueRun(first, { iid: index + 2 }));
      });
      await Promise.race(more);
      const before = [...accepted];
      const copy = (await first.backup?.()) ?? assert.fail("an embedded store has backups");
      const file = join(root, "copy.sqlite");
      await pipeline(copy.stream(), createWriteStream(file));
      assert.equal(statSync(file).size, copy.bytes);
      await Promise.all(more);
      await first[Symbol.asyncDispose]();

      await restoreFolder(restored, file);
      await assert.rejects(
        restoreFolder(restored, file),
        (error) => error instanceof StoreError && error.code === "store-not-empty",
      );
      const whole = readFileSync(file);
      for (const [name, bytes] of [
        ["half", whole.subarray(0, whole.byteLength / 2)],
        ["foreign", Buffer.from("no database at all")],
        [
          "damaged",
          Buffer.concat([whole.subarray(0, 8_192), Buffer.alloc(4_096, 7), whole.subarray(12_288)]),
        ],
      ] as const) {
        writeFileSync(join(root, name), bytes);
        await assert.rejects(
          restoreFolder(join(root, `from-${name}`), join(root, name)),
          (error) => error instanceof StoreError && error.code === "backup-unreadable",
          name,
        );
        assert.equal(hasStore(join(root, `from-${name}`)), false);
      }

      // The new key is in front: what the old one sealed is sealed anew in the background.
      const second = await openStore({
        database: { dataDir: restored },
        tokenKeys: [newKey, oldKey],
        ...QUICK,
      });
      for (const id of before) assert.equal((await second.getRun(id))?.state, "queued");
      const [oldest] = (await second.listDeliveries({ limit: 1_000 })).toReversed();
      const body = await second.getDeliveryBody(oldest?.id ?? "");
      assert.equal(Buffer.from(body ?? []).toString(), "a body to find again");
      const rotated = await until(async () => {
        const status = await second.keys.status();
        return status.keys.some(({ kind, tokens }) => kind === "current" && tokens === 1) && status;
      }, "the token to be sealed anew");
      assert.deepEqual(
        rotated.keys.map(({ kind, tokens }) => [kind, tokens]),
        [
          ["current", 1],
          ["older", 0],
        ],
      );
      assert.equal(await second.keys.reseal(), 0);
      await second[Symbol.asyncDispose]();

      // So the old key can go.
      await using third = await openStore({ database: { dataDir: restored }, tokenKeys: [newKey], ...QUICK });
      assert.equal(await takeToken(third, runId), TOKEN);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
