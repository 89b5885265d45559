import type { EvalSet } from "../set/eval-case.ts";
import { type CaseRun, type MeasuredFlow, runCase, type RunOptions } from "./run-case.ts";

/** What a set is measured with. */
export type SetOptions = RunOptions & {
  readonly flows: readonly MeasuredFlow[];
  /** How often every flow reviews every case. */
  readonly repeats: number;
  /** Cases that are reviewed at once. */
  readonly atOnce: number;
  /** Told of every run that has ended, and how many there are to be. */
  readonly onRun: (run: CaseRun, all: number) => void;
};

/**
 * Has every flow review every case, `repeats` times. The runs of a case follow each other, so that the
 * flows meet the same conditions. The first thing thrown ends it, once what is under way has ended.
 */
export const runSet = async (set: EvalSet, options: SetOptions): Promise<readonly CaseRun[]> => {
  const { flows, repeats, atOnce, onRun } = options;
  const all = set.cases.length * flows.length * repeats;
  const runs: CaseRun[] = [];
  const waiting = [...set.cases];
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let found = waiting.shift(); found !== undefined; found = waiting.shift()) {
      for (let repeat = 1; repeat <= repeats; repeat += 1) {
        for (const flow of flows) {
          if (failures.length > 0) return;
          const run = await runCase(found, flow, repeat, options);
          runs.push(run);
          onRun(run, all);
        }
      }
    }
  };
  const workers = Array.from({ length: Math.min(atOnce, set.cases.length) }, async () => {
    try {
      await work();
    } catch (error) {
      failures.push(error);
    }
  });
  await Promise.all(workers);
  if (failures.length > 0) throw failures[0];
  return runs;
};
