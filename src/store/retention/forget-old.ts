import type { Logger } from "../../base/logger.ts";
import type { Database } from "../database.ts";
import type { Retention } from "./retention.ts";
import { type SweepPlace, sweepOld } from "./sweep.ts";
import { sweepsOf } from "./sweeps.ts";

/** What deleting by age is done with. */
export type ForgettingParts = {
  readonly database: Database;
  readonly retention: Retention;
  readonly logger: Logger;
  /** Told what was deleted and how many rows; must not throw. */
  readonly onForgotten: (what: string, rows: number) => void;
};

const DAY_MS = 86_400_000;

/**
 * Deletes what is older than it is kept, a bounded part at a time. Each part goes on where the last one has
 * come to; once a day everything is looked at again, since a row may have been kept for something that is
 * gone by now.
 */
export const createForgetting = ({ database, retention, logger, onForgotten }: ForgettingParts) => {
  const sweeps = sweepsOf(retention);
  const places = new Map<string, SweepPlace>();
  let begunAtMs = 0;
  return {
    sweep: async (nowMs: number): Promise<void> => {
      if (Math.abs(nowMs - begunAtMs) > DAY_MS) {
        places.clear();
        begunAtMs = nowMs;
      }
      for (const sweep of sweeps) {
        const { removed, place } = await sweepOld(database, sweep, nowMs, places.get(sweep.what));
        places.set(sweep.what, place);
        if (removed === 0) continue;
        onForgotten(sweep.what, removed);
        logger.info({ what: sweep.what, rows: removed }, "Deleted what was kept long enough");
      }
    },
  };
};
