import { translator } from "../../messages/format-message.ts";
import type { Reason } from "../../base/reason.ts";
import { renderReply } from "../../review/conversation/render-reply.ts";
import type { ReviewRequest } from "../../review/conversation/review-request.ts";
import { publishLine } from "../../review/publish-text.ts";
import { languageOf, type Telling } from "../telling.ts";

/** A note that asked for a review. */
export type Asker = Pick<ReviewRequest, "noteId" | "discussionId"> & {
  /** Whether it was answered before, with less. */
  readonly isLater?: boolean;
};

/**
 * Says in the thread that asked for a review why none is made, or that it failed: what speaks against it was not known
 * when the command was taken. Said once, whatever is repeated.
 */
export const tellRefusal = async (
  telling: Telling,
  { noteId, discussionId, isLater = false }: Asker,
  reason: Reason,
  code: "conversation.not-reviewed" | "conversation.review-failed" = "conversation.not-reviewed",
): Promise<void> => {
  if (discussionId === null) return;
  const { forge, logger } = telling;
  const { run, signal } = telling.claim;
  const { projectId, iid } = run;
  const t = translator(await languageOf(telling));
  const text = t(code, { reason: publishLine(t.reason(reason)) });
  const said = await forge.reply(
    { projectId, iid },
    renderReply({ discussionId, noteId, isLater }, text, false),
    signal,
  );
  if (said.kind === "refused") logger.warn({ noteId, reason: said.reason }, "Answer refused");
};
