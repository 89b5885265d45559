import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { parseJson } from "../base/json.ts";
import type { Database } from "./database.ts";
import { MAX_RUN_EVENTS, NewRunEvent, type RunEvent, type RunEventReading } from "./run-event.ts";
import { Whole, isUuid } from "./schema.ts";

const Total = z.object({ total: Whole });
const EventRow = z.object({ seq: Whole, body: z.string() });

/** What happened in the flow calls of runs, for people to look at: no review depends on it. */
export type RunEvents = RunEventReading & {
  /**
   * Stores events of a run in one statement and returns how many it has now. Beyond MAX_RUN_EVENTS, and
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
      const rows = await database.query(
        `WITH known AS (SELECT count(*) AS count FROM reviewflow.run_events WHERE run_id = $1),
         added AS (
           INSERT INTO reviewflow.run_events (run_id, stored_at, body)
             SELECT run.id, $3, event.body
             FROM reviewflow.runs AS run,
               unnest($2::text[]) WITH ORDINALITY AS event (body, place)
             WHERE run.id = $1 ORDER BY event.place
             LIMIT greatest(0, ${MAX_RUN_EVENTS} - (SELECT count FROM known))
           RETURNING 1)
         SELECT known.count + (SELECT count(*) FROM added) AS total FROM known`,
        [runId, events.map((event) => JSON.stringify(event)), clock.now()],
      );
      for (const onEvents of watchers.get(runId) ?? []) onEvents();
      return z.array(Total).parse(rows)[0]?.total ?? 0;
    },
    listRunEvents: async (runId, { after, limit = MAX_RUN_EVENTS }) => {
      if (!isUuid(runId) || !Number.isSafeInteger(after)) return [];
      const rows = await database.query(
        "SELECT seq, body FROM reviewflow.run_events WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        [runId, after, limit],
      );
      return z.array(EventRow).parse(rows).flatMap(readEvent);
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
const readEvent = ({ seq, body }: z.infer<typeof EventRow>): readonly RunEvent[] => {
  const parsed = NewRunEvent.safeParse(parseJson(body));
  return parsed.success ? [{ ...parsed.data, seq }] : [];
};
