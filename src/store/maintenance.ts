import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { foldCounts } from "./counts.ts";
import type { Database } from "./database.ts";
import { forgetUnusedMemory } from "./flow-memory.ts";
import { forgetOldFindings } from "./lessons/create-lesson-store.ts";
import { forgetOwnNotes } from "./own-notes.ts";
import { forgetOldProvenTokens } from "./proven-tokens.ts";
import { forgetOldRateLimits } from "./rate-limits/rate-limits.ts";
import { forgetOldSpending } from "./spending/create-spending.ts";
import { inPieces } from "./retention/delete-in-pieces.ts";
import { createForgetting } from "./retention/forget-old.ts";
import type { Retention } from "./retention/retention.ts";
import { forgetOldShadows } from "./shadows/create-shadow-store.ts";

/** What maintenance is done with. */
export type MaintenanceParts = {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The pause between two rounds, in milliseconds. */
  readonly maintenanceIntervalMs: number;
  readonly retention: Retention;
  /** Told what was deleted because of its age, and how many rows; must not throw. */
  readonly onForgotten: (what: string, rows: number) => void;
};

/** Does the database's housekeeping from time to time, one round after the other, until `stop` resolves. */
export const startMaintenance = (parts: MaintenanceParts): { readonly stop: () => Promise<void> } => {
  const stopping = new AbortController();
  const forgetting = createForgetting(parts);
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await parts.clock.sleep(parts.maintenanceIntervalMs, stopping.signal).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        await forgetUnusedMemory(parts.database, parts.clock.now(), parts.retention.memory);
        await forgetting.sweep(parts.clock.now());
        await forgetOldFindings(parts.database, parts.clock.now());
        await forgetOldRateLimits(parts.database);
        await forgetOldSpending(parts.database, parts.clock.now());
        await forgetOwnNotes(parts.database, parts.clock.now());
        await forgetOldProvenTokens(parts.database, parts.clock.now());
        await forgetOldShadows(parts.database, parts.clock.now());
        await foldCounts(parts.database);
        await inPieces(parts.database.reclaim, () => stopping.signal.aborted);
      } catch (error) {
        parts.logger.warn({ error: describeError(error) }, "the database could not be tidied up");
      }
    }
  };
  const running = loop();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
