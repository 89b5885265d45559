import type { Clock } from "../src/base/clock.ts";
import { type Logger, type LogFields, silentLogger } from "../src/base/logger.ts";

/** What is logged of a flood within a minute that ends when a test says so. */
export type Flood = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lines: readonly LogFields[];
  readonly endMinute: () => Promise<void>;
};

/** A clock whose sleepers wake together, and a logger that keeps its lines. */
export const startFlood = (): Flood => {
  const lines: LogFields[] = [];
  let minute = Promise.withResolvers<void>();
  let now = Date.now();
  const keep = (level: string) => (fields: LogFields, message: string) =>
    void lines.push({ level, message, ...fields });
  return {
    clock: { now: () => now, sleep: () => minute.promise },
    logger: { ...silentLogger, info: keep("info"), warn: keep("warn"), error: keep("error") },
    lines,
    endMinute: async () => {
      now += 60_000;
      minute.resolve();
      minute = Promise.withResolvers();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
};
