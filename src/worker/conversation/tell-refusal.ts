import type { Logger } from "../../base/logger.ts";
import { explainReason } from "../../review/conversation/explain-reason.ts";
import { renderReply } from "../../review/conversation/render-reply.ts";
import type { ReviewRequest } from "../../review/conversation/review-request.ts";
import { talkSentencesFor } from "../../review/conversation/sentences.ts";
import type { Forge } from "../../review/forge.ts";
import { publishLine } from "../../review/publish-text.ts";
import type { Claim } from "../../store/store.ts";
import { readTeamSettings } from "../findings/team-settings.ts";
import type { ReviewFlow } from "../review-flow.ts";

/** What telling takes. */
export type Telling = {
  readonly claim: Claim;
  readonly flow: ReviewFlow;
  readonly forge: Forge;
  readonly logger: Logger;
  readonly targetBranch: string;
};

/** A note that asked for a review. */
export type Asker = Pick<ReviewRequest, "noteId" | "discussionId"> & {
  /** Whether it was answered before, with less. */
  readonly isLater?: boolean;
};

/**
 * Says in the thread that asked for a review why none is made: what speaks against it was not known when
 * the command was taken. Said once, whatever is repeated.
 */
export const tellRefusal = async (
  { claim, flow, forge, logger, targetBranch }: Telling,
  { noteId, discussionId, isLater = false }: Asker,
  reason: string,
): Promise<void> => {
  const { signal } = claim;
  if (discussionId === null) return;
  const { projectId, projectPath, iid } = claim.run;
  const rulesOf = { ref: { projectId }, projectPath, targetBranch };
  const { language } = await readTeamSettings(flow, forge, rulesOf, { signal, logger });
  const say = talkSentencesFor(language);
  const text = say.notReviewed(publishLine(explainReason(reason, language)));
  const said = await forge.reply(
    { projectId, iid },
    renderReply({ discussionId, noteId, isLater }, text, false),
    signal,
  );
  if (said.kind === "refused") logger.warn({ noteId, reason: said.reason }, "Answer refused");
};
