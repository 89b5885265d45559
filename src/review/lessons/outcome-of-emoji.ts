import type { EmojiEvent } from "../delivery-event.ts";
import { readMarker } from "../plan/marker.ts";
import { judgeEmoji } from "../triggers/judge-emoji.ts";
import type { TriggerRules } from "../triggers/trigger-rules.ts";
import type { Outcome } from "./outcome.ts";

/** What an emoji says about a finding, or why it says nothing: a stable code, a colon and a sentence. */
export type EmojiOutcome =
  | { readonly kind: "outcome"; readonly outcome: Outcome; readonly given: boolean }
  | { readonly kind: "ignore"; readonly reason: string };

const ignore = (reason: string): EmojiOutcome => ({ kind: "ignore", reason });

/**
 * Reads what an emoji says about a finding of ours. The event carries the note (GitLab 16.2 and later), so
 * that nobody has to be asked; who we are is not known where no token of the server's is.
 */
export const outcomeOfEmoji = (event: EmojiEvent, rules: TriggerRules): EmojiOutcome => {
  const judged = judgeEmoji(event, rules);
  if (judged.kind === "ignore") return judged;
  if (judged.kind !== "outcome" || event.iid === null)
    return ignore("emoji-not-counted: it says nothing about a finding");
  if (event.note === null) return ignore("emoji-not-counted: the event does not hold the note that it is on");
  if (event.note.authorId === event.user.id)
    return ignore("own-event: whoever wrote a note does not judge it");
  const botId = rules.self?.id ?? event.note.authorId;
  const marker = readMarker({ id: event.awardableId, ...event.note }, botId);
  if (marker?.kind !== "thread") return ignore("emoji-not-counted: the note is no finding of Reviewflow");
  return {
    kind: "outcome",
    given: judged.given,
    outcome: {
      projectId: event.project.id,
      iid: event.iid,
      flow: marker.flow,
      fingerprint: marker.fingerprint,
      kind: judged.thumb === "up" ? "liked" : "disliked",
      userId: event.user.id,
    },
  };
};
