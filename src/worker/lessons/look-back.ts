import { describeError, GitLabError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Forge, MergeRequestRef } from "../../review/forge.ts";
import { classifyThreads } from "../../review/lessons/classify-threads.ts";
import type { LessonStore } from "../../store/lessons/lesson-store.ts";

/** How many ended merge requests one review looks back at; each takes two calls or a little more. */
const MOST_ENDED = 3;
/** About how many people one review asks for their role; each takes one call, once in 30 days. */
const MOST_VOTERS = 10;
/** GitLab's Developer. Whoever is less may see the project without having a say in it. */
const LEAST_LEVEL = 30;

type Look = { readonly forge: Forge; readonly signal: AbortSignal; readonly logger: Logger };

/**
 * Looks at what no review will see any more: how threads stood when their merge request came to its end.
 * And finds out of whom it counts what they think. Calls are bounded; the rest waits for the next time.
 */
export const lookBack = async (store: LessonStore, projectId: number, look: Look): Promise<void> => {
  const ended = await store.listEnded(projectId, MOST_ENDED);
  for (const [, flows] of Map.groupBy(ended, ({ iid }) => iid)) {
    const [first] = flows;
    if (first === undefined) continue;
    const ref = { projectId: first.projectId, iid: first.iid };
    const names = flows.map(({ flow }) => flow);
    if (await lookAtEnded(store, ref, names, look)) await store.keepLooked(ref);
  }
  for (const { userId } of await store.listUnknownVoters(projectId, MOST_VOTERS)) {
    const level = await look.forge.fetchAccessLevel({ projectId, userId }, look.signal);
    await store.keepVoter(projectId, userId, level !== null && level >= LEAST_LEVEL);
  }
};

/** Whether that is done; a failure that may pass leaves it for the next time. */
const lookAtEnded = async (
  store: LessonStore,
  ref: MergeRequestRef,
  flows: readonly string[],
  { forge, signal, logger }: Look,
): Promise<boolean> => {
  try {
    const { headSha } = await forge.fetchMergeRequest(ref, signal);
    const discussions = await forge.fetchDiscussions(ref, signal);
    for (const flow of flows) {
      const raisedAt = await store.raisedAt(ref, flow);
      const known = { flow, discussions, headSha, raisedAt, foundAgain: new Set<string>() };
      await store.keepOutcomes(classifyThreads(ref.projectId, ref.iid, known));
    }
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof GitLabError)) throw error;
    logger.warn({ iid: ref.iid, error: describeError(error) }, "An ended merge request could not be read");
    return !error.retryable;
  }
};
