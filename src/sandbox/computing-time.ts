import { readFile } from "node:fs/promises";

/** Measures processor time that was used so far, in milliseconds; null when the system does not show it. */
export type MeasureProcessor = () => Promise<number | null>;

/** How a time limit on computing is kept. */
export type ComputingLimit = {
  /** Computing time, in milliseconds. */
  readonly limitMs: number;
  readonly measure: MeasureProcessor;
  /** Waiting that counts as well, such as for answers to requests, in milliseconds so far. */
  readonly waitedMs?: () => number;
  /** Called once when the limit is reached. */
  readonly onTimeout: () => void;
};

/** The clock ends what does not compute after this many times the limit, whatever held it up. */
const CLOCK_FACTOR = 10;
/** Processor time is first looked up after this share of the limit; what was before counts by the clock. */
const FIRST_SHARE = 0.2;
const MIN_STEP_MS = 20;

/**
 * Holds something to a time of computing: a busy machine that lets it wait does not use up its time.
 * Returns the function that ends the watch. Where processor time cannot be measured, the clock counts.
 */
export const watchComputing = ({ limitMs, measure, waitedMs = () => 0, onTimeout }: ComputingLimit) => {
  const startedAt = performance.now();
  const firstMs = limitMs * FIRST_SHARE;
  let base: number | null = null;
  let waitedBefore = 0;
  let timer: NodeJS.Timeout | null = null;
  let ended = false;

  const end = (): void => {
    ended = true;
    if (timer !== null) clearTimeout(timer);
  };
  /** What has been used up; the clock's time where nothing better is known. */
  const used = (now: number | null, clockMs: number): number => {
    if (now === null || clockMs >= limitMs * CLOCK_FACTOR) return clockMs;
    if (base === null) {
      base = now;
      waitedBefore = waitedMs();
      return firstMs;
    }
    return Math.min(clockMs, firstMs + (now - base) + (waitedMs() - waitedBefore));
  };
  const check = async (): Promise<void> => {
    const now = await measure().catch(() => null);
    if (ended) return;
    const clockMs = performance.now() - startedAt;
    const left = limitMs - used(now, clockMs);
    if (left > 0) {
      schedule(Math.max(Math.min(left, limitMs * CLOCK_FACTOR - clockMs), MIN_STEP_MS));
      return;
    }
    end();
    onTimeout();
  };
  const schedule = (ms: number): void => {
    timer = setTimeout(() => void check(), ms);
  };
  schedule(firstMs);
  return end;
};

/** Clock ticks a second in /proc, the same on every Linux that Node runs on. */
const TICKS = 100;

/** Processor time of a process as Linux shows it; null on other systems and for a process that is gone. */
export const processorOfProcess =
  (pid: number | undefined): MeasureProcessor =>
  async () => {
    if (pid === undefined || process.platform !== "linux") return null;
    const text = await readFile(`/proc/${pid}/stat`, "latin1");
    // The name in parentheses may hold anything; user and system time are the 12th and 13th field behind it.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    return Number.isFinite(ticks) ? (ticks * 1000) / TICKS : null;
  };
