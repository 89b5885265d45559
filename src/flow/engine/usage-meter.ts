import { addUsage, type FlowUsage, NO_USAGE } from "../flow-event.ts";

/**
 * Adds up what the attempts of a run's nodes consumed, whatever became of them: frames that end early
 * leave containers and repeated attempts behind that never tell their sums.
 */
export type UsageMeter = {
  readonly add: (usage: FlowUsage) => void;
  readonly total: () => FlowUsage;
};

/** A meter that has counted nothing. */
export const createUsageMeter = (): UsageMeter => {
  let total = NO_USAGE;
  return {
    add: (usage) => {
      total = addUsage(total, usage);
    },
    total: () => total,
  };
};
