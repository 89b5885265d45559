import { type FlowUsage, NO_USAGE, addUsage } from "../../flow/flow-event.ts";
import type { FindingsLimits } from "./findings-flow.ts";

/** What a run has consumed so far and what is about to be. */
export type UsageMeter = {
  readonly total: () => FlowUsage;
  readonly add: (usage: FlowUsage) => void;
  /**
   * Whether `tokens` more are within the limits, those included that are being consumed now. Costs that are not
   * known are not counted.
   */
  readonly allows: (tokens: number) => boolean;
  /** Counts `tokens` as being consumed until the work is done. */
  readonly during: <T>(tokens: number, work: () => Promise<T>) => Promise<T>;
};

/** Begins at `spent`, which earlier attempts of the same run have consumed. */
export const createUsageMeter = (
  limits: Pick<FindingsLimits, "tokens" | "cost">,
  spent: readonly FlowUsage[],
): UsageMeter => {
  let total = spent.reduce(addUsage, NO_USAGE);
  /** What is known of the cost: a total with an unknown part is unknown, and the rest is still limited. */
  let cost = spent.reduce((sum, { totalPrice }) => sum + (totalPrice ?? 0), 0);
  let reserved = 0;
  return {
    total: () => total,
    add: (usage) => {
      total = addUsage(total, usage);
      cost += usage.totalPrice ?? 0;
    },
    allows: (tokens) =>
      (limits.tokens === null || total.totalTokens + reserved + tokens <= limits.tokens) &&
      (limits.cost === null || cost < limits.cost),
    during: async (tokens, work) => {
      reserved += tokens;
      try {
        return await work();
      } finally {
        reserved -= tokens;
      }
    },
  };
};
