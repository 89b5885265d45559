import type { ReplyDraft } from "../discussion.ts";
import { publishShortened } from "../publish-text.ts";
import { replyMarker } from "./reply-marker.ts";

/** The most characters of an answer. */
const MAX_REPLY_LENGTH = 12_000;

/** A model's answer, made harmless; cut where it is too long for anybody to read. */
export const publishAnswer = (text: string): string => publishShortened(text, MAX_REPLY_LENGTH).markdown;

/** Our answer to a note in its thread, or what comes of it later; `markdown` is harmless already. */
export const renderReply = (
  place: { readonly discussionId: string; readonly noteId: number; readonly isLater?: boolean },
  markdown: string,
  resolve: boolean,
): ReplyDraft => {
  const marker = replyMarker(place.noteId, place.isLater);
  return { discussionId: place.discussionId, marker, body: `${marker}\n${markdown}`, resolve };
};
