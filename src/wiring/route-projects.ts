import type { Config } from "../config/config.ts";
import { flowFor } from "../config/flow-for.ts";
import type { ReviewRoute } from "../review/triggers.ts";
import type { EventUser } from "../review/delivery-event.ts";

/**
 * Finds the flow of a project: the first whose projects match its path, null when none does. `self` tells
 * who we are at GitLab, null as long as that is not known.
 */
export const createProjectRoutes =
  (config: Pick<Config, "flows">, self: () => EventUser | null) =>
  (projectPath: string): ReviewRoute | null => {
    const flow = flowFor(config, projectPath);
    if (flow === null) return null;
    return { flow: flow.name, rules: { ...flow.triggers, policy: flow.review, self: self() } };
  };
