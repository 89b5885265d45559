import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { after, before, describe, mock, test } from "node:test";
import { Client } from "pg";
import { systemClock } from "../../src/base/clock.ts";
import type { Database } from "../../src/store/database.ts";
import type { OpenedStore } from "../../src/store/open-store.ts";
import { createRateLimits } from "../../src/store/rate-limits/rate-limits.ts";
import { forgetProject } from "../../src/store/retention/forget-project.ts";
import { createSealedKeys } from "../../src/store/sealed-keys.ts";
import { createShadowStore } from "../../src/store/shadows/create-shadow-store.ts";
import { takeUpLostRuns } from "../../src/store/take-up-lost-runs.ts";
import { createTokenVault } from "../../src/store/token-vault.ts";
import { POSTGRES_MISSING, type PostgresServer, startPostgres } from "./postgres-server.ts";
import { createPostgresPlaces, openDatabase, query } from "./store-places.ts";
import { queueRun } from "./store-requests.ts";

const OLD_KEY = Buffer.alloc(32, 1);
const NEW_KEY = Buffer.alloc(32, 2);
const SHADOW = { flow: "classic", candidate: "next" };

/** What a process does that stops before it sends a message: it sends so many, and the next one when it goes on. */
class Stop {
  readonly reached = Promise.withResolvers<void>();
  readonly goesOn = Promise.withResolvers<void>();
  #left: number;
  constructor(messages: number) {
    this.#left = messages;
  }
  async beforeMessage(): Promise<void> {
    this.#left -= 1;
    if (this.#left >= 0) return;
    this.reached.resolve();
    await this.goesOn.promise;
  }
}

const stops = new AsyncLocalStorage<Stop>();

/** Something that instances do to rows that they share. */
type Kind = {
  readonly name: string;
  /** Makes the rows; not stopped. */
  readonly prepare: (store: OpenedStore, database: Database) => Promise<void>;
  readonly act: (database: Database) => Promise<unknown>;
};

/** A run that a worker had, whose lease is over. */
const prepareLost = async (store: OpenedStore, database: Database): Promise<void> => {
  const id = await queueRun(store, { iid: 1, token: "a token" });
  await query(
    database,
    `UPDATE reviewflow.runs SET state = 'active', claim_id = 'lost', held_until = 0 WHERE id = '${id}'`,
  );
};

const prepareShadow = async (store: OpenedStore): Promise<void> => {
  await store.shadows.follow(SHADOW);
  await queueRun(store, { iid: 1 });
  const [run] = await store.listRuns({ limit: 1 });
  assert.ok(run !== undefined);
  await store.shadows.plan({ run, candidate: SHADOW.candidate, skip: null });
};

const shadowsOf = (database: Database) => createShadowStore(database, systemClock);

const KINDS: readonly Kind[] = [
  {
    name: "taking up lost runs",
    prepare: prepareLost,
    act: (database) => takeUpLostRuns(database, Date.now()),
  },
  {
    name: "working on a shadow run",
    prepare: prepareShadow,
    act: async (database) => {
      const claim = await shadowsOf(database).claim([SHADOW], { leaseMs: 60_000, plannedBeforeMs: null });
      await claim?.journal.write("step", 1);
      await claim?.renew();
      await claim?.settle({ state: "handed-back" });
    },
  },
  {
    name: "choosing a candidate",
    prepare: prepareShadow,
    act: async (database) => {
      await shadowsOf(database).choose(SHADOW, "promoted", "ann");
      await shadowsOf(database).choose(SHADOW, null, "ann");
    },
  },
  {
    name: "counting calls",
    prepare: async () => undefined,
    act: async (database) => {
      await createRateLimits(database).take("gitlab", { perMinute: 60_000, wanted: 10 });
      await createRateLimits(database).holdOff("gitlab", 1);
    },
  },
  {
    name: "sealing tokens with the first key",
    prepare: async (store) => void (await queueRun(store, { iid: 1, token: "a token" })),
    act: (database) => createSealedKeys({ database, vault: createTokenVault([NEW_KEY, OLD_KEY]) }).reseal(),
  },
  {
    name: "forgetting a project",
    prepare: async (store) => void (await queueRun(store, { iid: 1, token: "a token" })),
    act: (database) => forgetProject({ database, clock: systemClock }, "1"),
  },
];

const started = await startPostgres();
if (started === null) test("an instance that is stopped", { skip: POSTGRES_MISSING }, () => undefined);
else stoppedInstance(started);

function stoppedInstance(server: PostgresServer): void {
  describe("an instance that is stopped between any two of its messages keeps nobody waiting", () => {
    before(() => {
      const send: unknown = Reflect.get(Client.prototype, "query");
      assert.ok(typeof send === "function");
      mock.method(Client.prototype, "query", function (this: Client, ...given: readonly unknown[]): unknown {
        const stop = stops.getStore();
        const now = (): unknown => Reflect.apply(send, this, given);
        return stop === undefined ? now() : stop.beforeMessage().then(now);
      });
    });
    after(async () => {
      mock.restoreAll();
      await server.stop();
    });

    for (const { name, prepare, act } of KINDS)
      test(name, async () => {
        const place = await createPostgresPlaces(server).fresh();
        await using store = await place.open({ tokenKeys: [OLD_KEY] });
        const [one, other] = await Promise.all([openDatabase(place), openDatabase(place)]);
        let points = 0;
        for (let isStopped = true; isStopped; points += 1) {
          await prepare(store, other);
          const stop = new Stop(points);
          const acting = stops.run(stop, () => act(one)).then(() => false);
          isStopped = await Promise.race([stop.reached.promise.then(() => true), acting]);
          const open = await query(
            other,
            "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
          );
          assert.deepEqual(open, [], `before message ${points + 1}`);
          // What it was at is done by another instance meanwhile.
          await act(other);
          stop.goesOn.resolve();
          await acting;
        }
        assert.ok(points > 2, `stopped at ${points} points`);
        await Promise.all([one.close(), other.close()]);
      });
  });
}
