import { z } from "zod";
import type { JsonObject } from "../../base/json.ts";

/** What a run's event says besides the merge request when a note asked for the review. */
export type ReviewRequest = {
  readonly noteId: number;
  /** The thread that asked; null where it is not known. */
  readonly discussionId: string | null;
  readonly language: string | null;
};

const Stored = z.object({
  request: z.object({
    noteId: z.number(),
    // An older version kept none.
    discussionId: z.string().nullable().default(null),
    language: z.string().nullable(),
  }),
});

/** A run's event with the request that it was made for. */
export const withRequest = (event: JsonObject, request: ReviewRequest): JsonObject => ({ ...event, request });

/** The request in a run's event; null for a review that no note asked for. */
export const readRequest = (event: JsonObject): ReviewRequest | null => {
  const parsed = Stored.safeParse(event);
  return parsed.success ? parsed.data.request : null;
};
