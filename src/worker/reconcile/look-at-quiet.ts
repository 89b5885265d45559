import type { FeedCursor, ListedMergeRequest } from "../../review/change-feed.ts";
import { withStaleTask } from "../../review/stored-event.ts";
import { findStale } from "./compare-quiet.ts";
import { type LookContext, forgeNow, toRequest } from "./look.ts";
import type { QuietLook } from "./plan-quiet-looks.ts";

/** How far a look at quiet merge requests came. */
export type QuietLookResult = { readonly complete: boolean; readonly reviews: number };

/**
 * Reads a list of merge requests in which nothing happens, page by page, and has the stale ones looked at.
 * Ends early when the round may make no more calls or the lease was lost. Throws GitLabErrors and StoreErrors.
 */
export const lookAtQuiet = async (
  context: LookContext,
  { place, projectIds, fromMs, untilMs }: QuietLook,
): Promise<QuietLookResult> => {
  const ours = new Set(projectIds);
  let reviews = 0;
  let cursor: FeedCursor | null = null;
  do {
    if (!context.takeCall()) return { complete: false, reviews };
    const span = { from: fromMs, until: untilMs };
    const page = await context.feed.listQuiet(place, span, cursor, context.signal);
    reviews += await takeUp(
      context,
      page.mergeRequests.filter(({ project }) => ours.has(project.id)),
    );
    cursor = page.next;
    if (cursor !== null && !(await context.renewLease())) return { complete: false, reviews };
  } while (cursor !== null);
  return { complete: true, reviews };
};

const takeUp = async (context: LookContext, page: readonly ListedMergeRequest[]): Promise<number> => {
  const { clock, logger, store, route } = context;
  const routed = page.flatMap((listed) => {
    const way = route(listed.project.path);
    return listed.headSha === null || way === null ? [] : [{ listed, way, headSha: listed.headSha }];
  });
  const heads = routed.map(({ listed: { project, iid }, headSha }) => ({
    projectId: project.id,
    iid,
    headSha,
  }));
  const [standings, lastLooks] = await Promise.all([
    store.reconciliation.readStandings(heads),
    store.reconciliation.readLastRuns(heads, "stale"),
  ]);
  let reviews = 0;
  for (const [at, { listed, way }] of routed.entries()) {
    context.signal.throwIfAborted();
    const standing = standings[at];
    if (standing === undefined) continue;
    const found = findStale({ listed, standing, lastLookMs: lastLooks[at] ?? null }, way, forgeNow(context));
    const facts = { project: listed.project.path, iid: listed.iid };
    if ("reason" in found) {
      logger.debug({ ...facts, reason: found.reason }, "Quiet merge request needs no look");
      continue;
    }
    const { task } = found;
    const outcome = await store.accept(toRequest(found, clock.now(), (event) => withStaleTask(event, task)));
    if (outcome.kind === "review") reviews += 1;
    logger.info({ ...outcome, ...facts, how: task.how }, "Stale merge request taken up");
  }
  return reviews;
};
