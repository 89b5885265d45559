import { isProjectAllowed } from "../base/project-globs.ts";
import type { Config } from "../config/config.ts";
import type { EventUser } from "../review/delivery-event.ts";
import type { TriggerRules } from "../review/triggers/trigger-rules.ts";

/** The flow that reviews a project, and when. */
export type ProjectRoute = { readonly flow: string; readonly rules: TriggerRules };

/**
 * Finds the flow of a project: the first whose projects match its path, null when none does. `self` tells
 * who we are at GitLab, null as long as that is not known.
 */
export const createProjectRoutes =
  ({ flows }: Pick<Config, "flows">, self: () => EventUser | null) =>
  (projectPath: string): ProjectRoute | null => {
    const flow = flows.find(({ projects }) => isProjectAllowed(projects, projectPath));
    if (flow === undefined) return null;
    return { flow: flow.name, rules: { ...flow.triggers, policy: flow.review, self: self() } };
  };
