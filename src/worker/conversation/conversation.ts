import type { Translate } from "../../messages/format-message.ts";
import type { Reason } from "../../base/reason.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { FlowUsage } from "../../flow/flow-event.ts";
import type { Role } from "../../review/commands/may-command.ts";
import type { ConversationOptions } from "../../review/conversation/conversation-options.ts";
import type { NoteEvent } from "../../review/delivery-event.ts";
import type { Discussion } from "../../review/discussion.ts";
import type { Forge, MergeRequest, MergeRequestRef } from "../../review/forge.ts";
import type { Claim, Settlement, Store } from "../../store/store.ts";
import type { FlowPart } from "../findings/findings-flow.ts";
import type { Lessons } from "../lessons/lessons.ts";
import type { ReviewFlow } from "../review-flow.ts";

/** What answering notes takes. */
export type Conversation = ConversationOptions & {
  /** The flow that answers where a project's flow names no other; null where questions are not answered. Commands need none. */
  readonly answers: FlowPart | null;
  /** Where reviews that a command asks for are queued. */
  readonly store: Pick<Store, "accept" | "getDelivery">;
  /** Where orders about findings are kept for reviews to learn from; left out where they do not. */
  readonly lessons?: Pick<Lessons, "order">;
};

/** A note that is answered, with everything that its steps share. */
export type Talk = {
  readonly claim: Claim;
  /** The project's flow for reviews; its findings, its memory, its language. */
  readonly flow: ReviewFlow;
  readonly forge: Forge;
  readonly conversation: Conversation;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The note as the forge has it. */
  readonly event: NoteEvent;
  /** As it stood when the note was decided about. */
  readonly mergeRequest: MergeRequest;
  readonly ref: MergeRequestRef;
  readonly bot: { readonly id: number; readonly username: string };
  /** The thread of the note, as it stands now. */
  readonly thread: Discussion;
  /** What the author of the note is in the project, as GitLab says. */
  readonly role: Role;
  /** What we speak here: the repository's language, or the flow's. */
  readonly language: string;
  /** The catalogue in that language. */
  readonly t: Translate;
};

/** What came of a note. */
export type Reaction = {
  /** What came of it. */
  readonly reason: Reason;
  /** What to say in the thread, harmless Markdown; null for nothing. */
  readonly text: string | null;
  readonly resolve?: boolean;
  /** Whether what was asked for is done with this; a review is done when it is published. */
  readonly done?: boolean;
  readonly usage?: FlowUsage;
  /** Why the run counts as failed although the thread was told. */
  readonly failure?: Settlement & { readonly state: "failed" };
};
