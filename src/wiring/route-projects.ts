import { isProjectAllowed } from "../base/project-globs.ts";
import type { Config } from "../config/config.ts";
import type { Route } from "../http/intake.ts";
import type { EventUser } from "../review/delivery-event.ts";

/**
 * Finds the flow of a project: the first whose projects match its path, null when none does. `self` tells
 * who we are at GitLab, null as long as that is not known.
 */
export const createProjectRoutes =
  ({ flows }: Pick<Config, "flows">, self: () => EventUser | null) =>
  (projectPath: string): Route | null => {
    const flow = flows.find(({ projects }) => isProjectAllowed(projects, projectPath));
    if (flow === undefined) return null;
    return { flow: flow.name, rules: { ...flow.triggers, policy: flow.review, self: self() } };
  };
