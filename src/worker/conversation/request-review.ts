import { type Reason, reasonOf } from "../../base/reason.ts";
import { z } from "zod";
import type { Command } from "../../review/commands/command.ts";
import { ANEW_PREFIX, toStoredWish } from "../../review/conversation/anew.ts";
import { withRequest } from "../../review/conversation/review-request.ts";
import type { NoteEvent } from "../../review/delivery-event.ts";
import { publishLine } from "../../review/publish-text.ts";
import { toStoredEvent } from "../../review/stored-event.ts";
import { decide, toMergeRequestEvent } from "../../review/decide.ts";
import type { Reaction, Talk } from "./conversation.ts";
import { addWaitingNote } from "./waiting-notes.ts";

/**
 * Queues the review that a note asks for, once, as a delivery of our own: whatever may stand against it is
 * decided together with what is known of the merge request.
 */
export const requestReview = async (
  talk: Talk,
  command: Command & { readonly name: "review" },
): Promise<Reaction> => {
  const { claim, t } = talk;
  const { state } = talk.mergeRequest;
  if (state !== "opened") return refused(talk, reasonOf("merge-request-not-open", { state }));
  if (!command.changesOnly) await wishAnew(talk, command.paths);
  const reason = await queueReview(talk, talk.event, command.language);
  if (reason === null) return { reason: reasonOf("review-queued"), text: null };
  const isUnderWay = reason.code === "already-queued" || reason.code === "already-under-review";
  const { noteId, discussionId } = talk.event;
  if (isUnderWay && discussionId !== null) await addWaitingNote(claim.memory, { noteId, discussionId });
  return {
    reason,
    text: isUnderWay ? t("conversation.under-review") : refused(talk, reason).text,
  };
};

const refused = ({ t }: Pick<Talk, "t">, reason: Reason): Reaction => ({
  reason,
  text: t("conversation.not-reviewed", { reason: publishLine(t.reason(reason)) }),
});

const Wish = z.object({ sinceMs: z.number() });

/** The wish of one note stays as it was when its run is tried again: what was reviewed since is anew. */
const wishAnew = async ({ claim, event, clock }: Talk, paths: readonly string[]): Promise<void> => {
  const key = `${ANEW_PREFIX}${event.noteId}`;
  if (Wish.safeParse(await claim.memory.read(key)).success) return;
  await claim.memory.write(key, toStoredWish({ sinceMs: clock.now(), paths }));
};

/** Why no review was queued; null when one was, be it by an earlier attempt. */
const queueReview = async (
  { claim, conversation, clock, bot }: Talk,
  event: NoteEvent,
  language: string | null,
): Promise<Reason | null> => {
  const { run, token } = claim;
  const { noteId, discussionId } = event;
  const stored = toStoredEvent(toMergeRequestEvent(event));
  const rules = { ...conversation.rules(run.projectPath), self: bot };
  const outcome = await conversation.store.accept({
    delivery: {
      key: `note-review:${run.projectId}:${event.noteId}`,
      eventName: "Note Hook",
      receivedAtMs: clock.now(),
      project: { id: run.projectId, path: run.projectPath },
      iid: run.iid,
      headers: {},
      body: Buffer.from(JSON.stringify(stored)),
    },
    decide: (history) => decide({ kind: "review_command", note: event }, rules, history),
    run: { flow: run.flow, event: withRequest(stored, { noteId, discussionId, language }), token },
  });
  if (outcome.kind === "ignore") return outcome.reason;
  if (outcome.kind !== "duplicate") return null;
  const earlier = await conversation.store.getDelivery(outcome.deliveryId);
  return earlier?.decision === "ignore" ? earlier.reason : null;
};
