import type { FeedPlace, FeedProject } from "../../review/change-feed.ts";
import type { LookState } from "./look-state.ts";

/** One list to be read: a place, the projects there that are ours to review, and from when on. */
export type Look = {
  readonly place: FeedPlace;
  readonly projectIds: readonly number[];
  /** In milliseconds since the epoch. */
  readonly fromMs: number;
};

/**
 * From how many projects on a group is read as a whole. Its list holds the changes of its other projects,
 * too, so that it may have more pages than a few projects have lists.
 */
const LEAST_FOR_GROUP = 4;

/**
 * What is looked at again, in milliseconds: a change is in GitLab's lists a little after its time, clocks
 * differ, and what was just changed was left to its webhook.
 */
const OVERLAP_MS = 600_000;

/**
 * Plans the looks of a round with as few calls as possible, those that have waited longest first, so that
 * each is made at some time when not all of them fit into one. Projects that rest are left out.
 */
export const planLooks = (projects: readonly FeedProject[], state: LookState): readonly Look[] => {
  const looks = placesOf(projects, state).map(({ place, projectIds }) => toLook(place, projectIds, state));
  return looks.toSorted((left, right) => left.fromMs - right.fromMs);
};

/** The places to look at for some projects, as few as possible; projects that rest are left out. */
export const placesOf = (
  projects: readonly FeedProject[],
  state: LookState,
): readonly Pick<Look, "place" | "projectIds">[] => {
  const awake = projects.filter(({ id }) => state.restsUntilMs[String(id)] === undefined);
  const groups = Map.groupBy(awake, ({ group }) => group);
  return [...groups].flatMap(([group, members]): readonly Pick<Look, "place" | "projectIds">[] => {
    const ids = members.map(({ id }) => id);
    return group === null || members.length < LEAST_FOR_GROUP
      ? ids.map((id) => ({ place: { kind: "project", id }, projectIds: [id] }))
      : [{ place: { kind: "group", path: group }, projectIds: ids }];
  });
};

/** The look at one project. */
export const lookAtProject = (id: number, state: LookState): Look =>
  toLook({ kind: "project", id }, [id], state);

const toLook = (place: FeedPlace, projectIds: readonly number[], state: LookState): Look => {
  const seenMs = Math.min(...projectIds.map((id) => state.seenMs[String(id)] ?? state.listedAtMs));
  return { place, projectIds, fromMs: Math.max(seenMs - OVERLAP_MS, state.sinceMs) };
};
