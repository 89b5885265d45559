import { z } from "zod";
import { type Json, JsonObject } from "../../base/json.ts";
import type { Matter } from "../plan/fingerprint.ts";

/** A finding that people do not want to hear of again, or that was taken back. */
export type Dismissed = { readonly fingerprint: string; readonly matter: Matter };

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

/** What the keys of dismissed findings in a flow's memory begin with. */
export const DISMISSED_PREFIX = "dismissed:";

/** A dismissed finding with who dismissed it and how, as the memory keeps it. */
export const toStoredDismissed = (
  dismissed: Dismissed,
  how: {
    readonly why: "resolved" | "ignored" | "withdrawn";
    readonly byUserId: number;
    readonly atMs: number;
  },
): Json => JsonObject.parse({ ...dismissed, ...how });

/** The dismissed findings among entries of a memory. */
export const parseDismissed = (entries: ReadonlyMap<string, Json>): readonly Dismissed[] =>
  [...entries.values()].flatMap((stored) => {
    const parsed = StoredDismissed.safeParse(stored);
    return parsed.success ? [parsed.data] : [];
  });
