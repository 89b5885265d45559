import { DISMISSED_PREFIX, toStoredDismissed, type Dismissed } from "../../review/conversation/dismissed.ts";
import { readMarker } from "../../review/plan/marker.ts";
import type { Talk } from "./conversation.ts";

/** The finding of our reviews that a thread is about; null for any other thread. */
export const findingOf = ({ thread, bot, flow }: Pick<Talk, "thread" | "bot" | "flow">): Dismissed | null => {
  const [first] = thread.notes;
  const marker = first === undefined ? null : readMarker(first, bot.id);
  return marker?.kind === "thread" && marker.flow === flow.name
    ? { fingerprint: marker.fingerprint, matter: marker.matter }
    : null;
};

/** Remembers that a finding is not to be raised again, also when its thread is gone. */
export const dismiss = (
  { claim, event, clock }: Pick<Talk, "claim" | "event" | "clock">,
  finding: Dismissed,
  why: "resolved" | "ignored" | "withdrawn",
): Promise<void> =>
  claim.memory.write(
    `${DISMISSED_PREFIX}${finding.fingerprint}`,
    toStoredDismissed(finding, { why, byUserId: event.user.id, atMs: clock.now() }),
  );
