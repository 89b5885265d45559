import { syncBuiltinESMExports } from "node:module";
import workerThreads, { setEnvironmentData, Worker } from "node:worker_threads";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type PostgresServer, queryPostgres } from "../store/postgres-server.ts";
import { startDatabaseRelay } from "./database-relay.ts";
import { ASKED, MOVED_MS, RESULT_CODE, SHARED, STRUCK } from "./sqlite-preload.ts";

/** The machine's clock, which can be moved on: whatever sleeps until then is woken, the earliest first. */
export const createMovedClock = () => {
  let movedMs = 0;
  const now = (): number => Date.now() + movedMs;
  const sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  const clock: Clock = {
    now,
    sleep: async (ms, signal, options) => {
      signal?.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      const sleeper = { atMs: now() + ms, wake: resolve };
      sleepers.add(sleeper);
      const inner = new AbortController();
      const stop = signal === undefined ? inner.signal : AbortSignal.any([inner.signal, signal]);
      try {
        await Promise.race([promise, systemClock.sleep(ms, stop, options)]);
      } finally {
        sleepers.delete(sleeper);
        inner.abort();
      }
    },
  };
  return {
    clock,
    move: (ms: number): void => {
      movedMs += ms;
      for (const sleeper of [...sleepers].toSorted((one, other) => one.atMs - other.atMs))
        if (sleeper.atMs <= now()) sleeper.wake();
    },
  };
};

/** The database of a soak: its clock is moved on, and it fails as it is set. */
export type MovedDatabase = AsyncDisposable & {
  readonly environment: Readonly<Record<string, string>>;
  readonly faults: readonly string[];
  readonly set: (fault: string | null) => Promise<void>;
  readonly move: (ms: number) => Promise<void>;
  /** Connections or statements that a fault has struck. */
  readonly struck: () => number;
  /** Counts while something is asked or answered. */
  readonly arrived: () => number;
};

/**
 * A new database on a PostgreSQL server behind a relay. The store asks for its clock by a function, which stands in a
 * schema of our own before the system's catalogue.
 */
export const openMovedPostgres = async (server: PostgresServer): Promise<MovedDatabase> => {
  const url = await server.createDatabase();
  await queryPostgres(
    url,
    `CREATE SCHEMA soak;
    CREATE TABLE soak.moved (ms bigint NOT NULL);
    INSERT INTO soak.moved VALUES (0);
    CREATE FUNCTION soak.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
      'SELECT pg_catalog.clock_timestamp() + (SELECT ms FROM soak.moved) * interval ''1 millisecond'''`,
  );
  const relay = await startDatabaseRelay(url);
  const moved = new URL(relay.through(url));
  moved.searchParams.set("options", "-c search_path=soak,pg_catalog,public -c jit=off");
  let present: string | null = null;
  let stops = 0;
  /** What the clock of a server that stands still is behind. */
  let behindMs = 0;
  const move = async (ms: number): Promise<void> => {
    behindMs += Math.ceil(ms);
    if (present === "stopped") return;
    await queryPostgres(url, "UPDATE soak.moved SET ms = ms + $1", [behindMs]);
    behindMs = 0;
  };
  return {
    environment: { DATABASE_URL: moved.href },
    faults: ["refused", "cut off", "stopped"],
    set: async (fault) => {
      const before = present;
      present = fault;
      if (before === "stopped") {
        await server.restart();
        await move(0);
      }
      if (fault === "stopped") {
        stops += 1;
        await server.kill();
      }
      await relay.set(fault === "refused" || fault === "cut off" ? fault : null);
    },
    move,
    struck: () => relay.struck() + stops,
    arrived: relay.arrived,
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
};

/** SQLite's result codes (sqlite.org/rescode.html). */
const RESULT_CODES: ReadonlyMap<string, bigint> = new Map([
  ["locked", 5n],
  ["broken disk", 10n],
  ["full", 13n],
]);

/** The embedded database: whatever opens one while this is open has the moved clock and the faults. */
export const openMovedSqlite = async (): Promise<MovedDatabase> => {
  const memory = new SharedArrayBuffer(4 * BigInt64Array.BYTES_PER_ELEMENT);
  const cells = new BigInt64Array(memory);
  setEnvironmentData(SHARED, memory);
  const preload = new URL("./sqlite-preload.ts", import.meta.url).href;
  const Plain = Worker;
  class PreloadedWorker extends Plain {
    constructor(file: string | URL, options: ConstructorParameters<typeof Worker>[1] = {}) {
      super(file, { ...options, execArgv: ["--import", preload] });
    }
  }
  const replace = (Used: typeof Worker): void => {
    Object.assign(workerThreads, { Worker: Used });
    syncBuiltinESMExports();
  };
  replace(PreloadedWorker);
  return {
    environment: {},
    faults: [...RESULT_CODES.keys()],
    set: async (fault) => {
      Atomics.store(cells, RESULT_CODE, fault === null ? 0n : (RESULT_CODES.get(fault) ?? 10n));
    },
    move: async (ms) => void Atomics.add(cells, MOVED_MS, BigInt(Math.ceil(ms))),
    struck: () => Number(Atomics.load(cells, STRUCK)),
    arrived: () => Number(Atomics.load(cells, ASKED)),
    [Symbol.asyncDispose]: async () => {
      replace(Plain);
      setEnvironmentData(SHARED, undefined);
    },
  };
};
