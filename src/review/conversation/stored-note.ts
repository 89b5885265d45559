import { z } from "zod";
import { JsonObject } from "../../base/json.ts";
import type { NoteEvent } from "../delivery-event.ts";

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

/** The note as plain JSON, for the store. */
export const toStoredNote = (event: NoteEvent): JsonObject => JsonObject.parse({ ...event });

/** The note that a run was made for; null when what is stored is none. */
export const parseStoredNote = (stored: JsonObject): NoteEvent | null => {
  const parsed = StoredNote.safeParse(stored);
  return parsed.success ? parsed.data : null;
};
