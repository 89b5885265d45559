import { z } from "zod";
import { JsonObject } from "../base/json.ts";
import type { MergeRequestEvent } from "./delivery-event.ts";

const User = z.object({ id: z.number(), username: z.string() });

/** The event of a run as the store keeps it; what is read back is checked, since an older version may have written it. */
const StoredEvent: z.ZodType<MergeRequestEvent> = z.object({
  kind: z.literal("merge_request"),
  project: z.object({ id: z.number(), path: z.string(), webUrl: z.string() }),
  user: User,
  iid: z.number(),
  action: z.string().nullable(),
  state: z.string(),
  draft: z.boolean(),
  title: z.string(),
  description: z.string(),
  url: z.string(),
  authorId: z.number().nullable(),
  sourceBranch: z.string(),
  targetBranch: z.string(),
  sourceProjectId: z.number().nullable(),
  headSha: z.string().nullable(),
  oldRev: z.string().nullable(),
  labels: z.array(z.string()),
  labelsAdded: z.array(z.string()).default([]),
  reviewersAdded: z.array(z.number()),
  reviewersAskedAgain: z.array(z.number()).default([]),
  becameReady: z.boolean(),
});

/** The event as plain JSON, for the store. */
export const toStoredEvent = (event: MergeRequestEvent): JsonObject => JsonObject.parse({ ...event });

/** The event that a run was made for; null when what is stored is none. */
export const parseStoredEvent = (stored: JsonObject): MergeRequestEvent | null => {
  const parsed = StoredEvent.safeParse(stored);
  return parsed.success ? parsed.data : null;
};
