import type { ContextLimit } from "../../base/context-limit.ts";
import {
  ReviewflowError,
  StoreError,
  describeError,
  isOutside,
  isUntried,
  reasonOfError,
} from "../../base/errors.ts";
import { RunCancelled } from "../../review/flow-runner.ts";
import type { ReviewUnit } from "../../review/units/review-unit.ts";
import type { FindingsContext } from "./findings-context.ts";
import type { Change } from "./read-change.ts";
import { type UnitOutcome, reviewUnit } from "./review-unit.ts";
import type { SaidText } from "./said-text.ts";

/** What became of a unit. */
export type UnitResult = {
  readonly unit: ReviewUnit;
  readonly outcome: UnitOutcome | { readonly kind: "over-budget" };
};

/**
 * Reviews units side by side, each in full before the limits on tokens and cost are looked at again. A
 * unit that fails says so in its result. A failure that may pass is thrown once the units under way have
 * finished, unless this is the last attempt: what they found is kept, so that the next attempt goes on.
 */
export const reviewUnits = async (
  context: FindingsContext,
  change: Change,
  units: readonly ReviewUnit[],
  said: SaidText,
): Promise<readonly UnitResult[]> => {
  const results: UnitResult[] = [];
  const failures: unknown[] = [];
  const waiting = units.values();
  const work = async (): Promise<void> => {
    for (const unit of waiting) {
      // A model that took no prompt of this length takes the next ones neither: they are packed again first.
      if (failures.length > 0 || contextLimitOf(results) !== null) return;
      try {
        results.push({ unit, outcome: await reviewWithinBudget(context, change, unit, said) });
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: context.flow.limits.unitsAtOnce }, work));
  // Of a cancel the account that says most: what it left behind stands in the error with a cause.
  for (const error of failures) {
    if (error instanceof RunCancelled && error.cause !== undefined) throw error;
  }
  context.claim.signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return results;
};

/** The window of a model that refused a part for its length; null when none was. */
export const contextLimitOf = (results: readonly UnitResult[]): ContextLimit | null => {
  const [first = null] = results.flatMap(({ outcome }) =>
    outcome.kind === "failed" ? (outcome.contextLimit ?? []) : [],
  );
  return first;
};

const reviewWithinBudget = async (
  context: FindingsContext,
  change: Change,
  unit: ReviewUnit,
  said: SaidText,
): Promise<UnitResult["outcome"]> => {
  const { desk, claim, logger, isLastAttempt, canWait } = context;
  claim.signal.throwIfAborted();
  if (!desk.meter.allows(unit.tokens)) return { kind: "over-budget" };
  try {
    return await desk.meter.during(unit.tokens, () => reviewUnit(context, change, unit, said));
  } catch (error) {
    if (claim.signal.aborted || error instanceof StoreError) throw error;
    // What is outside is waited for; what the other parts found is kept meanwhile.
    if (canWait && isOutside(error)) throw error;
    const mayPass = !(error instanceof ReviewflowError) || error.retryable;
    if (mayPass && (!isLastAttempt || isUntried(error))) throw error;
    logger.warn({ unit: unit.id, error: describeError(error) }, "Unit not reviewed");
    return { kind: "failed", reason: reasonOfError(error) };
  }
};
