import type { EmojiEvent } from "../delivery-event.ts";
import { isBotUser } from "./bot-user.ts";
import type { TriggerDecision } from "./trigger-decision.ts";
import type { TriggerRules } from "./trigger-rules.ts";

const ignore = (reason: string): TriggerDecision => ({ kind: "ignore", reason });

/** Thumbs with the colours of skin that GitLab offers. */
const THUMB = /^(?:thumbs(up|down)|[+](1)|-(1))(?:_tone\d)?$/;

/** Decides about an emoji: thumbs on notes of merge requests are outcomes, everything else is not. */
export const judgeEmoji = (event: EmojiEvent, { self, bots }: TriggerRules): TriggerDecision => {
  if (event.iid === null || event.awardableType !== "Note")
    return ignore("emoji-not-counted: only emoji on notes of merge requests say something about a review");
  if (self !== null && event.user.id === self.id)
    return ignore("own-event: the emoji was set by Reviewflow itself");
  if (isBotUser(event.user, bots)) return ignore("from-a-bot: emoji of bots are not counted");
  const thumb = THUMB.exec(event.emoji);
  if (thumb === null) return ignore(`emoji-not-counted: ${event.emoji} is neither a thumb up nor down`);
  const up = thumb[1] === "up" || thumb[2] !== undefined;
  return {
    kind: "outcome",
    noteId: event.awardableId,
    thumb: up ? "up" : "down",
    given: event.action !== "revoke",
    user: event.user,
  };
};
