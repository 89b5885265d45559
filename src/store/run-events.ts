import type { CompiledQuery } from "kysely";
import type { Clock } from "../base/clock.ts";
import { parseJson } from "../base/json.ts";
import type { Database } from "./database.ts";
import { decideAndWrite } from "./decide-and-write.ts";
import { MAX_RUN_EVENTS, NewRunEvent, type RunEvent, type RunEventReading } from "./run-event.ts";
import type { Row } from "./tables.ts";

/** What happened in the flow calls of runs, for people to look at: no review depends on it. */
export type RunEvents = RunEventReading & {
  /**
   * Stores events of a run and returns how many it has now. Beyond MAX_RUN_EVENTS, and
   * for a run that is gone, nothing is stored. Rejects with a StoreError.
   */
  readonly append: (runId: string, events: readonly NewRunEvent[]) => Promise<number>;
};

/**
 * The events of runs. Unlike a journal they are open to a process that has lost its run: its events
 * belong to calls of its own, and the last of them come when the run has been settled.
 */
export const createRunEvents = (database: Database, clock: Clock): RunEvents => {
  const watchers = new Map<string, Set<() => void>>();
  return {
    append: async (runId, events) => {
      const total = await append(database, runId, events, clock.now());
      for (const onEvents of watchers.get(runId) ?? []) onEvents();
      return total;
    },
    listRunEvents: async (runId, { after, limit = MAX_RUN_EVENTS }) => {
      if (!Number.isSafeInteger(after)) return [];
      const rows = await database.db
        .selectFrom("runEvents")
        .select(["seq", "body"])
        .where("runId", "=", runId)
        .where("seq", ">", after)
        .orderBy("seq")
        .limit(limit)
        .execute();
      return rows.flatMap(readEvent);
    },
    watchRunEvents: (runId, onEvents) => {
      const known = watchers.get(runId) ?? new Set();
      watchers.set(runId, known.add(onEvents));
      return () => {
        known.delete(onEvents);
        if (known.size === 0 && watchers.get(runId) === known) watchers.delete(runId);
      };
    },
  };
};

/** An event that an older or newer version wrote in another form is left out. */
const readEvent = ({ seq, body }: Pick<Row<"runEvents">, "seq" | "body">): readonly RunEvent[] => {
  const parsed = NewRunEvent.safeParse(parseJson(body));
  return parsed.success ? [{ ...parsed.data, seq }] : [];
};

/** Several values of one statement; a database takes only so many parameters. */
const AT_ONCE = 500;

const append = (
  database: Database,
  runId: string,
  events: readonly NewRunEvent[],
  nowMs: number,
): Promise<number> =>
  decideAndWrite(database, async ({ db }) => {
    const { count } = await db
      .selectFrom("runEvents")
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .where("runId", "=", runId)
      .executeTakeFirstOrThrow();
    const fitting = events.slice(0, Math.max(0, MAX_RUN_EVENTS - count));
    const run = await db.selectFrom("runs").select("id").where("id", "=", runId).executeTakeFirst();
    if (run === undefined) return { result: count, statements: [], wakesWorkers: false };
    const statements: CompiledQuery[] = [];
    for (let start = 0; start < fitting.length; start += AT_ONCE) {
      const rows = fitting
        .slice(start, start + AT_ONCE)
        .map((event) => ({ runId, storedAt: nowMs, body: JSON.stringify(event) }));
      statements.push(db.insertInto("runEvents").values(rows).compile());
    }
    return { result: count + fitting.length, statements, wakesWorkers: false };
  });
