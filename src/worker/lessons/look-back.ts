import { describeError, GitLabError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { type Reason, reasonOf } from "../../base/reason.ts";
import { isAtLeast, roleOfLevel } from "../../review/commands/may-command.ts";
import { confirmEmoji } from "../../review/confirm-event.ts";
import { decide, NO_HISTORY, type Thumb } from "../../review/decide.ts";
import type { EmojiEvent } from "../../review/delivery-event.ts";
import type { Forge, MergeRequestRef } from "../../review/forge.ts";
import { classifyThreads } from "../../review/lessons/classify-threads.ts";
import type { TriggerRules } from "../../review/triggers.ts";
import type { LessonStore } from "../../store/lessons/lesson-store.ts";
import type { Claim } from "../../store/store.ts";

/** How many ended merge requests one review looks back at; each takes two calls or a little more. */
const MOST_ENDED = 3;
/** About how many people one review asks for their role; each takes one call, once in 30 days. */
const MOST_VOTERS = 10;
/** Whoever is less may see the project without having a say in it. */
const LEAST_ROLE = "developer";

/**
 * Keeps a thumb on a finding. What its event claimed is decided again with the note, the thumbs on it and their givers
 * as the forge has them; whether the giver's opinion counts is found out when it is asked for (`lookBack`).
 */
export const takeThumb = async ({
  claim: { run, signal },
  event,
  forge,
  rules,
  rate,
}: {
  readonly claim: Claim;
  readonly event: EmojiEvent;
  readonly forge: Forge;
  readonly rules: TriggerRules | null;
  /** Keeps it; null where nothing is learnt. */
  readonly rate: ((thumb: Thumb) => Promise<Reason>) | null;
}): Promise<Reason> => {
  if (rate === null) return reasonOf("lessons-off");
  const ref = { projectId: run.projectId, iid: run.iid };
  const found = await forge.fetchReactions(ref, event.awardableId, signal);
  if (found === null) return reasonOf("note-gone");
  const known = rules === null ? null : { ...rules, self: await forge.currentUser(signal) };
  const decision = decide(confirmEmoji(event, found), known, NO_HISTORY);
  return decision.kind === "ignore" ? decision.reason : rate(decision.intent);
};

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
    await store.keepVoter(projectId, userId, isAtLeast(roleOfLevel(level), LEAST_ROLE));
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
