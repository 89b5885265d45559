import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Run, Store } from "../../src/store/store.ts";
import { livesOf, randomOf, seedOf } from "../seeded.ts";
import type { Place, Places } from "./store-places.ts";
import { succeeded, until } from "./store-requests.ts";

const CHILD = join(import.meta.dirname, "crash-child.ts");

const LIVES = livesOf(3);

const addressOf = (place: Place): string =>
  "dataDir" in place.database ? place.database.dataDir : place.database.databaseUrl.reveal();

/** Lets a process say a random number of things, kills it at that very point, and returns what it said. */
const liveAndDie = async (place: Place, life: number, seed: number): Promise<readonly string[][]> => {
  const random = randomOf(seed);
  const child = spawn(process.execPath, [CHILD, addressOf(place), String(life)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: string[][] = [];
  const lines = createInterface(child.stdout);
  const enough = 20 + random() * 150;
  const hasLived = Promise.withResolvers<void>();
  lines.on("line", (line) => {
    said.push(line.split(" "));
    if (said.length >= enough) hasLived.resolve();
  });
  const exited = once(child, "exit");
  await Promise.race([hasLived.promise, exited]);
  await delay(random() * 20);
  child.kill("SIGKILL");
  await exited;
  assert.equal(child.signalCode, "SIGKILL", "the process lived until it was killed");
  return said;
};

const Step = z.string();

/** Works off what is left, and returns the journals as the handlers saw them. */
const finish = async (store: Store): Promise<ReadonlyMap<string, readonly unknown[]>> => {
  const journals = new Map<string, readonly unknown[]>();
  const worker = await store.work({
    concurrency: 4,
    perProject: 4,
    handle: async ({ run, journal }) => {
      journals.set(run.id, [await journal.read("1"), await journal.read("2")]);
      return succeeded;
    },
  });
  await until(async () => {
    const counts = await store.countRuns();
    return counts.queued + counts.active + counts.retrying === 0;
  }, "everything is worked off");
  await worker.stop(1_000);
  return journals;
};

/** Every run that was decided is there, and of each merge request the newest ended in a review. */
const checkRuns = (runs: readonly Run[]): void => {
  for (const [iid, ofOne] of Map.groupBy(runs, (run) => run.iid)) {
    assert.equal(ofOne[0]?.state, "succeeded", `the newest run of ${iid}`);
    for (const run of ofOne) assert.match(run.state, /^(succeeded|superseded)$/);
  }
};

/**
 * Kills a process that accepts and works at random points, several times, then compares what it had said
 * with what is there.
 */
export const crashContract = (name: string, createPlaces: () => Promise<Places>): void => {
  test(`${name}: kill -9 under load loses nothing that was acknowledged`, async (context) => {
    const places = await createPlaces();
    const first = seedOf(context);
    try {
      const place = await places.fresh();
      const said: string[][] = [];
      for (let life = 0; life < LIVES; life += 1) said.push(...(await liveAndDie(place, life, first + life)));
      const accepted = said.flatMap(([what, key]) => (what === "accepted" && key !== undefined ? [key] : []));
      const steps = said.filter(([what]) => what === "step");
      assert.ok(
        accepted.length >= LIVES && steps.length > 0,
        `${accepted.length} accepted, ${steps.length} steps`,
      );

      await using store = await place.open();
      const deliveries = await store.listDeliveries({ limit: 100_000 });
      const stored = new Set(deliveries.map((delivery) => delivery.key));
      assert.deepEqual(
        accepted.filter((key) => !stored.has(key)),
        [],
        "acknowledged deliveries that are not there",
      );
      for (const delivery of deliveries)
        assert.ok(delivery.runId !== null && (await store.getRun(delivery.runId)));

      const journals = await finish(store);
      for (const [, runId = "", step = "", value] of steps) {
        const journal = journals.get(runId);
        if (journal !== undefined) assert.equal(Step.parse(journal[Number(step) - 1]), value);
      }
      const writtenTwice = Map.groupBy(steps, ([, runId, step]) => `${runId} ${step}`);
      for (const [key, entries] of writtenTwice) assert.equal(entries.length, 1, `step ${key} was done once`);
      checkRuns(await store.listRuns({ limit: 100_000 }));
    } finally {
      places.remove();
    }
  });
};
