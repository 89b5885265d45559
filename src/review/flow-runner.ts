import type { Journal } from "../base/journal.ts";
import type { ContextLimit } from "../base/context-limit.ts";
import type { Outside } from "../base/outside.ts";
import type { Message } from "../messages/message.ts";
import type { Reason } from "../base/reason.ts";
import type { JsonObject } from "../base/json.ts";
import type { FlowEvent, FlowUsage } from "../flow/flow-event.ts";
import type { InputType } from "../flow/nodes/start/schema.ts";

/** One input that a flow declares in its start node. */
export type FlowInput = {
  readonly name: string;
  /** Dify's kind of form field. */
  readonly type: Exclude<InputType, "external_data_tool">;
  readonly required: boolean;
  /** The most characters that a text may have, null without a limit. */
  readonly maxLength: number | null;
  /** The values that a `select` takes. */
  readonly options: readonly string[];
};

/** What is asked of a flow and by whom. */
export type FlowRequest = {
  /** Our run's id. It names the run towards the other side, so that a lost answer can be looked up. */
  readonly runId: string;
  readonly inputs: JsonObject;
  /**
   * What people taught the reviewer, for flows that look it up as knowledge; an engine that has its
   * knowledge elsewhere passes over it.
   */
  readonly lessons?: string;
  /** Survives a crash; the runner keeps in it what it needs to go on instead of starting anew. */
  readonly journal: Journal;
  /** Aborted when the run is cancelled (stop it on the other side too) or when we are shutting down. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: FlowEvent) => void;
};

/**
 * How a flow ended. `failed` is the flow's own failure (a node failed), which trying again on our side
 * does not help against unless it is `transient`; what could not be asked or answered is thrown instead, with its retryability.
 */
export type FlowOutcome = {
  readonly status: "succeeded" | "partial-succeeded" | "failed" | "stopped";
  readonly outputs: JsonObject;
  /** What the flow or its nodes reported, or what we say of it; null on success. */
  readonly error: string | Message | null;
  readonly usage: FlowUsage;
  /**
   * Set on `partial-succeeded` when nodes are known to have failed that the flow went round: each by its title
   * with what it reported. Not set for a failure that the node's own next attempt made good, nor when the
   * run's events were lost.
   */
  readonly failedNodes?: readonly Message[] | undefined;
  /** Why the last answer of a model was none, or not whole, where its text or its finish reason says so. */
  readonly incompleteAnswer?: IncompleteAnswer | undefined;
  /** Set on `failed` when what failed lies outside: a model that is overloaded, away or refuses. */
  readonly transient?: TransientFailure | undefined;
  /** Set on `failed` when a prompt is longer than a model takes. */
  readonly contextLimit?: ContextLimit | undefined;
  /** Set when another flow was run in place of the configured one, by its name. */
  readonly fallbackUsed?: string | undefined;
};

/** The codes of reasons why an answer is none or not whole. */
export const INCOMPLETE_ANSWERS = [
  "answer-empty",
  "answer-filtered",
  "answer-cut-short",
  "answer-is-tool-call",
  "answer-repeats-itself",
  "answer-too-long",
] as const;
export type IncompleteAnswer = (typeof INCOMPLETE_ANSWERS)[number];

/** A failure that passes by itself, or once a person has acted. The same request given again is a new try. */
export type TransientFailure = {
  /** Null where nothing is known that others would have to wait for, too. */
  readonly outside: Outside | null;
  /** How long the model's server asks to be left alone, in milliseconds; null when it does not say. */
  readonly pauseMs: number | null;
  /** Whether a new try may repeat something that the flow has done elsewhere, such as posted a note. */
  readonly mayHavePosted: boolean;
};

/**
 * The reason that a FlowRequest's signal carries when the run itself is to end. Any other reason means
 * that only we stop: the runner lets go and leaves the run to be taken up later.
 */
export class RunCancelled extends Error {
  override readonly name = "RunCancelled";
  readonly reason: Reason;

  /** `cause` is the cancel that this one says more about. */
  constructor(reason: Reason, cause?: RunCancelled) {
    super(reason.code, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** Runs one flow: on a Dify server or on the embedded engine, with no difference for the caller. */
export type FlowRunner = {
  /**
   * The inputs that the flow declares. Throws DifyError or FlowError when the flow cannot be read, or is none
   * that can be run: an app of another kind, or one that is not published.
   */
  readonly describe: (signal?: AbortSignal) => Promise<readonly FlowInput[]>;
  /**
   * Runs the flow to its end, or goes on with a run that the journal knows. Never starts a second run
   * for one `runId` as long as the first may still be alive. Rejects with the signal's reason on abort.
   */
  readonly run: (request: FlowRequest) => Promise<FlowOutcome>;
};
