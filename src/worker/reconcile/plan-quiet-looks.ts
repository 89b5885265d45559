import type { FeedProject } from "../../review/change-feed.ts";
import type { LookState } from "./look-state.ts";
import { type Look, placesOf } from "./plan-looks.ts";
import type { StaleRules } from "../../review/triggers.ts";

/** A list of merge requests that changed last within a span of time. */
export type QuietLook = Look & { readonly untilMs: number };

/** Quiet merge requests are looked at this often at most, since nothing about them is urgent. */
const LONGEST_PACE_MS = 3_600_000;

/** How long after a look the next one is due: a delay that nobody notices beside `afterMs`. */
const paceOf = ({ afterMs }: StaleRules): number => Math.min(afterMs / 4, LONGEST_PACE_MS);

/**
 * Plans the looks at what may be stale, with as few calls as possible: none where no flow wants them, and
 * none before they are due.
 */
export const planQuietLooks = (
  projects: readonly FeedProject[],
  state: LookState,
  staleOf: (projectPath: string) => StaleRules | null,
  nowMs: number,
): readonly QuietLook[] => {
  const due = projects.flatMap((project) => {
    const stale = staleOf(project.path);
    const lookedMs = state.quietLookedMs[String(project.id)] ?? 0;
    return stale === null || lookedMs + paceOf(stale) > nowMs ? [] : [{ ...project, stale }];
  });
  const staleById = new Map(due.map(({ id, stale }) => [id, stale]));
  return placesOf(due, state).map(({ place, projectIds }) => {
    const rules = projectIds.flatMap((id) => staleById.get(id) ?? []);
    return {
      place,
      projectIds,
      fromMs: nowMs - Math.max(...rules.map(({ untilMs }) => untilMs)),
      untilMs: nowMs - Math.min(...rules.map(({ afterMs }) => afterMs)),
    };
  });
};
