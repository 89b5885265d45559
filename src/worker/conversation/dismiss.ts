import { DISMISSED_PREFIX, toStoredDismissed, type Dismissed } from "../../review/conversation/dismissed.ts";
import { readMarkerOf } from "../../review/plan/marker.ts";
import type { Talk } from "./conversation.ts";

/** The finding of our reviews that a thread is about; null for any other thread. */
export const findingOf = ({ thread, flow }: Pick<Talk, "thread" | "flow">): Dismissed | null => {
  const [first] = thread.notes;
  const marker = first === undefined ? null : readMarkerOf(first, flow.name);
  return marker?.kind === "thread" ? { fingerprint: marker.fingerprint, matter: marker.matter } : null;
};

/** Remembers that a finding is not to be raised again, also when its thread is gone, and learns from it. */
export const dismiss = async (
  {
    claim,
    event,
    clock,
    flow,
    conversation,
  }: Pick<Talk, "claim" | "event" | "clock" | "flow" | "conversation">,
  finding: Dismissed,
  why: "resolved" | "ignored" | "withdrawn",
): Promise<void> => {
  const { fingerprint } = finding;
  const { projectId, iid } = claim.run;
  const { id: userId } = event.user;
  await claim.memory.write(
    `${DISMISSED_PREFIX}${fingerprint}`,
    toStoredDismissed(finding, { why, byUserId: userId, atMs: clock.now() }),
  );
  const order = { projectId, iid, flow: flow.name, fingerprint, why, userId, headSha: event.headSha };
  await conversation.lessons?.order(order);
};
