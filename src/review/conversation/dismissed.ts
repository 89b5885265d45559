import { z } from "zod";
import { type Json, JsonObject } from "../../base/json.ts";
import type { Matter } from "../plan/fingerprint.ts";

/** A finding that people do not want to hear of again, or that was taken back. */
export type Dismissed = { readonly fingerprint: string; readonly matter: Matter };

/** A thread of ours that a review saw on the merge request, or opened there; `noteId` is the note that opened it. */
export type SeenThread = Dismissed & { readonly noteId: number };

const StoredDismissed = z.object({
  fingerprint: z.string(),
  matter: z.object({
    path: z.string(),
    kin: z.string(),
    place: z.string(),
    lines: z.number(),
    words: z.array(z.string()),
  }),
});
const StoredSeen = z.object({ threads: z.array(StoredDismissed.extend({ noteId: z.int() })) });

/** What the keys of dismissed findings in a flow's memory begin with. */
export const DISMISSED_PREFIX = "dismissed:";

/** The key of the threads that a flow's last review saw, in its memory. */
export const SEEN_THREADS = "threads";

/** A dismissed finding with who dismissed it and how, as the memory keeps it; nobody is told of a deleted thread. */
export const toStoredDismissed = (
  dismissed: Dismissed,
  how: { readonly atMs: number } & (
    | { readonly why: "resolved" | "ignored" | "withdrawn"; readonly byUserId: number }
    | { readonly why: "deleted"; readonly byUserId: null }
  ),
): Json => JsonObject.parse({ ...dismissed, ...how });

/** The dismissed findings among entries of a memory. */
export const parseDismissed = (entries: ReadonlyMap<string, Json>): readonly Dismissed[] =>
  [...entries.values()].flatMap((stored) => {
    const parsed = StoredDismissed.safeParse(stored);
    return parsed.success ? [parsed.data] : [];
  });

/** The seen threads as the memory keeps them. */
export const toStoredSeen = (threads: readonly SeenThread[]): Json => JsonObject.parse({ threads });

/** The threads that the last review saw; none where nothing of that is stored. */
export const parseSeen = (stored: Json | undefined): readonly SeenThread[] => {
  const parsed = StoredSeen.safeParse(stored);
  return parsed.success ? parsed.data.threads : [];
};
