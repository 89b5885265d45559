import type { EmojiEvent } from "../review/delivery-event.ts";
import type { Outcome } from "../review/lessons/outcome.ts";
import { outcomeOfEmoji } from "../review/lessons/outcome-of-emoji.ts";
import type { TriggerRules } from "../review/triggers/trigger-rules.ts";

/** Where thumbs are kept. Failures are StoreErrors. */
export type ThumbKeeper = {
  /** Keeps an outcome; how many were kept: none about a finding that is not known. */
  readonly keepOutcomes: (outcomes: readonly Outcome[]) => Promise<number>;
  readonly dropOutcome: (outcome: Outcome) => Promise<boolean>;
};

/**
 * Keeps what an emoji says about a finding, and returns what became of it, for whoever looks at the
 * delivery: a stable code, a colon and a sentence. May be done again without harm.
 */
export const hearEmoji = async (
  event: EmojiEvent,
  rules: TriggerRules,
  keeper: ThumbKeeper | null,
): Promise<string> => {
  if (keeper === null) return "lessons-off: nothing is learnt from emoji here (lessons.enabled)";
  const heard = outcomeOfEmoji(event, rules);
  if (heard.kind === "ignore") return heard.reason;
  const thumb = heard.outcome.kind === "liked" ? "up" : "down";
  if (!heard.given) {
    const isDropped = await keeper.dropOutcome(heard.outcome);
    return `outcome-dropped: the thumb ${thumb} was taken back${isDropped ? "" : "; it had not been counted"}`;
  }
  return (await keeper.keepOutcomes([heard.outcome])) > 0
    ? `outcome-kept: a thumb ${thumb} for the lessons of the project`
    : "emoji-not-counted: nothing is known of the finding any more";
};
