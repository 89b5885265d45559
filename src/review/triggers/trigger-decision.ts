import type { Command } from "../commands/command.ts";
import type { Decision, MergeRequestHistory } from "../decide.ts";
import type { EventUser } from "../delivery-event.ts";

/** What is known of a merge request besides its runs. */
export type TriggerHistory = MergeRequestHistory & {
  /** Whether somebody paused the reviews of this merge request. */
  readonly paused?: boolean;
  /** Ids of notes that were acted on; without it an edited note is never acted on. */
  readonly handledNotes?: readonly number[];
  /** Ids of the discussions that hold a note of ours; without it any note may be an answer to one. */
  readonly ourDiscussions?: readonly string[];
};

/** What a delivery is worth: a `Decision`, or something to do about a note. */
export type TriggerDecision =
  | Decision
  /**
   * Somebody gave a command. Whether they may is only known when their role was read (`mayCommand`). The
   * command `review` becomes a review through `judgeCommandReview`.
   */
  | {
      readonly kind: "command";
      readonly command: Command;
      readonly user: EventUser;
      readonly noteId: number;
      readonly discussionId: string | null;
    }
  /** Somebody mentioned the bot, or answered where it may be one of our threads. */
  | {
      readonly kind: "reply";
      readonly why: "mention" | "thread";
      readonly user: EventUser;
      readonly noteId: number;
      readonly discussionId: string | null;
    }
  /** Somebody judged a note, which may be one of ours. */
  | {
      readonly kind: "outcome";
      readonly noteId: number;
      readonly thumb: "up" | "down";
      /** False when the thumb was taken back. */
      readonly given: boolean;
      readonly user: EventUser;
    };
