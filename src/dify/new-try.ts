import { z } from "zod";
import type { Journal } from "../base/journal.ts";
import type { FlowOutcome } from "../review/flow-runner.ts";
import type { RunContext } from "./run-context.ts";

const KEY = "dify-failed-tries";
const Count = z.int().min(0).catch(0);

/**
 * The end user in whose name a request's next run is asked for. Each try has one of its own: a lost answer is
 * looked up by it, and must not find the run of an earlier try.
 */
export const endUserOf = async (journal: Journal, name: string): Promise<string> => {
  const failed = Count.parse(await journal.read(KEY));
  return failed === 0 ? name : `${name}-${failed + 1}`;
};

/** Forgets a run that failed for a reason that passes, so that the same request begins a new one. */
export const releaseTransient = async (context: RunContext, outcome: FlowOutcome): Promise<FlowOutcome> => {
  if (outcome.transient === undefined) return outcome;
  const { journal } = context.request;
  await journal.write(KEY, Count.parse(await journal.read(KEY)) + 1);
  await context.record.clear();
  return outcome;
};
