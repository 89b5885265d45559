import { message } from "../../messages/message.ts";
import type { Position } from "../../diff/position.ts";
import type { Discussion, Publication } from "../../review/discussion.ts";
import { fail } from "../failure.ts";
import { holdsMarker } from "../../review/publish/holds-marker.ts";

/** A thread to open (`discussionId` null) or a reply to one of ours. */
export type Item = {
  readonly marker: string;
  readonly body: string;
  readonly position: Position | null;
  readonly discussionId: string | null;
  readonly resolve: boolean;
};

/**
 * The threads and replies of a publication, one for each marker. Throws GitLabError
 * `gitlab-note-without-marker` for a text that could not be found again.
 */
export const listItems = ({ open, reply, summary }: Publication): readonly Item[] => {
  const items = [
    ...open.map((thread) => ({ ...thread, discussionId: null, resolve: false })),
    ...reply.map((answer) => ({ ...answer, position: null })),
  ];
  for (const { marker, body } of summary === null ? items : [...items, summary])
    if (!holdsMarker(body, marker))
      throw fail("gitlab-note-without-marker", message("gitlab.note-without-marker"));
  return [...new Map(items.map((item) => [item.marker, item])).values()];
};

/** The discussion that already says what the item is to say, and our note there; undefined for none. */
export const findPublished = (
  item: Item,
  discussions: readonly Discussion[],
): { readonly discussion: Discussion; readonly noteId: number } | undefined => {
  for (const discussion of discussions) {
    const { id, notes } = discussion;
    if (item.discussionId !== null && item.discussionId !== id) continue;
    const candidates = item.discussionId === null ? notes.slice(0, 1) : notes.slice(1);
    const note = candidates.find(({ ours, body }) => ours !== null && holdsMarker(body, item.marker));
    if (note !== undefined) return { discussion, noteId: note.id };
  }
  return undefined;
};
