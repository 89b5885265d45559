import { message } from "../../messages/message.ts";
import type { Discussion, ReplyDraft, ThreadOutcome } from "../../review/discussion.ts";
import { fail } from "../failure.ts";
import { fetchDiscussion } from "../fetch-discussions.ts";
import { findPublished } from "./item.ts";
import { resolveThread, sendOne } from "./send-one-by-one.ts";
import type { Target } from "./target.ts";
import { holdsMarker } from "../../review/publish/holds-marker.ts";

/**
 * Says something in a thread once: what a note of ours there says already, known by its marker, is not said
 * again, and a thread that was to be resolved with it is. Throws GitLabError `gitlab-note-without-marker`
 * for a text that could not be found again.
 */
export const reply = async (target: Target, draft: ReplyDraft): Promise<ThreadOutcome> => {
  if (!holdsMarker(draft.body, draft.marker))
    throw fail("gitlab-note-without-marker", message("gitlab.note-without-marker"));
  const item = { ...draft, position: null };
  const discussion = await fetchDiscussion(target, target.ref, draft.discussionId, target.signal);
  if (discussion === null) return { kind: "refused", reason: "gitlab-not-found" };
  const found = findPublished(item, [discussion]);
  // A single comment cannot be resolved; with its first answer it becomes a thread that can.
  if (found === undefined) return sendOne(target, item);
  if (draft.resolve && canBeResolved(discussion)) await resolveThread(target, discussion.id);
  return { kind: "present", noteId: found.noteId };
};

const canBeResolved = ({ resolvable, resolved }: Discussion): boolean => resolvable && !resolved;

/** Resolves a thread unless it is resolved, cannot be, or is gone. */
export const resolveOnce = async (target: Target, discussionId: string): Promise<void> => {
  const discussion = await fetchDiscussion(target, target.ref, discussionId, target.signal);
  if (discussion !== null && canBeResolved(discussion)) await resolveThread(target, discussionId);
};
