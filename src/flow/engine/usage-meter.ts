import { addUsage, type FlowEvent, type FlowUsage, NO_USAGE } from "../flow-event.ts";

/** Adds up what the nodes of a run report, for runs that end before their frame can say. */
export type UsageMeter = {
  readonly observe: (event: FlowEvent) => void;
  readonly total: () => FlowUsage;
};

/** A meter that has seen nothing. */
export const createUsageMeter = (): UsageMeter => {
  let total = NO_USAGE;
  return {
    observe: (event) => {
      if (event.event === "node_finished") total = addUsage(total, event.usage);
    },
    total: () => total,
  };
};
