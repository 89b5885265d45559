import { z } from "zod";
import type { JsonObject } from "../../base/json.ts";

/** What a run's event says besides the merge request when it was made because nothing happened for long. */
export type StaleLook = {
  readonly how: "review" | "remind";
  /** When anything had happened last, by the forge's clock, in milliseconds since the epoch. */
  readonly quietSinceMs: number;
};

const Stored = z.object({
  stale: z.object({ how: z.enum(["review", "remind"]), quietSinceMs: z.number() }),
});

/** A run's event with the look that it was made for. */
export const withStaleLook = (event: JsonObject, stale: StaleLook): JsonObject => ({ ...event, stale });

/** The look in a run's event; null for a run of another trigger. */
export const readStaleLook = (event: JsonObject): StaleLook | null => {
  const parsed = Stored.safeParse(event);
  return parsed.success ? parsed.data.stale : null;
};
