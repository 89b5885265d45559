import type { FeedCursor, ListedMergeRequest } from "../../review/change-feed.ts";
import { withStaleLook } from "../../review/triggers/stale-look.ts";
import { judgeQuiet } from "./compare-quiet.ts";
import { type LookContext, toRequest } from "./look.ts";
import type { QuietLook } from "./plan-quiet-looks.ts";

/** How far a look at quiet merge requests came. */
export type QuietLookResult = { readonly complete: boolean; readonly reviews: number };

/**
 * Reads a list of merge requests in which nothing happens, page by page, and has the stale ones looked at.
 * Ends early when the turn may make no more calls or was lost. Throws GitLabErrors and StoreErrors.
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
    if (cursor !== null && !(await context.keepTurn())) return { complete: false, reviews };
  } while (cursor !== null);
  return { complete: true, reviews };
};

const takeUp = async (context: LookContext, page: readonly ListedMergeRequest[]): Promise<number> => {
  const { clock, logger, store, route } = context;
  const found = page.flatMap((listed) => {
    const way = route(listed.project.path);
    return listed.headSha === null || way === null ? [] : [{ listed, way, headSha: listed.headSha }];
  });
  const heads = found.map(({ listed: { project, iid }, headSha }) => ({
    projectId: project.id,
    iid,
    headSha,
  }));
  const [standings, lastLooks] = await Promise.all([
    store.reconciliation.readStandings(heads),
    store.reconciliation.readLastRuns(heads, "stale"),
  ]);
  let reviews = 0;
  for (const [at, { listed, way }] of found.entries()) {
    context.signal.throwIfAborted();
    const standing = standings[at];
    if (standing === undefined) continue;
    const judged = judgeQuiet({ listed, standing, lastLookMs: lastLooks[at] ?? null }, way, clock.now());
    const facts = { project: listed.project.path, iid: listed.iid };
    if ("reason" in judged) {
      logger.debug({ ...facts, reason: judged.reason }, "Quiet merge request needs no look");
      continue;
    }
    const { look } = judged;
    const outcome = await store.accept(toRequest(judged, clock.now(), (event) => withStaleLook(event, look)));
    if (outcome.kind === "review") reviews += 1;
    logger.info({ ...outcome, ...facts, how: look.how }, "Stale merge request taken up");
  }
  return reviews;
};
