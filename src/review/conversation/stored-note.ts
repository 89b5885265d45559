import { z } from "zod";
import { JsonObject } from "../../base/json.ts";
import type { EmojiEvent, NoteEvent } from "../delivery-event.ts";

/** The note that a run answers, as the store keeps it; an older version may have written it. */
const StoredNote: z.ZodType<NoteEvent> = z.object({
  kind: z.literal("note"),
  project: z.object({ id: z.number(), path: z.string(), webUrl: z.string() }),
  user: z.object({ id: z.number(), username: z.string() }),
  iid: z.number(),
  noteId: z.number(),
  discussionId: z.string().nullable(),
  standsAlone: z.boolean().default(false),
  action: z.string().nullable(),
  text: z.string(),
  url: z.string(),
  system: z.boolean(),
  internal: z.boolean(),
  headSha: z.string().nullable(),
  mergeRequest: z.object({
    state: z.string(),
    draft: z.boolean(),
    title: z.string(),
    description: z.string(),
    url: z.string(),
    authorId: z.number().nullable(),
    sourceBranch: z.string(),
    targetBranch: z.string(),
    sourceProjectId: z.number().nullable(),
    labels: z.array(z.string()),
  }),
});

/** The emoji on a note that a run is made for. */
const StoredEmoji: z.ZodType<EmojiEvent> = z.object({
  kind: z.literal("emoji"),
  project: z.object({ id: z.number(), path: z.string(), webUrl: z.string() }),
  user: z.object({ id: z.number(), username: z.string() }),
  iid: z.number().nullable(),
  emoji: z.string(),
  action: z.string().nullable(),
  awardableType: z.string(),
  awardableId: z.number(),
  note: z
    .object({
      authorId: z.number(),
      body: z.string(),
      system: z.boolean(),
      ours: z.boolean().nullable(),
    })
    .nullable(),
});

/** The emoji that a run was made for; null when what is stored is none. */
export const parseStoredEmoji = (stored: JsonObject): EmojiEvent | null =>
  StoredEmoji.safeParse(stored).data ?? null;

/** The note, or the emoji on one, as plain JSON, for the store. */
export const toStoredNote = (event: NoteEvent | EmojiEvent): JsonObject => JsonObject.parse({ ...event });

/** The note that a run was made for; null when what is stored is none. */
export const parseStoredNote = (stored: JsonObject): NoteEvent | null => {
  const parsed = StoredNote.safeParse(stored);
  return parsed.success ? parsed.data : null;
};
