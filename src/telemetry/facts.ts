import type { FlowUsage } from "../flow/flow-event.ts";

/** What became of a received webhook. */
export type DeliveryFact = {
  /** `review`, `reply`, `cancel`, `ignore` or `duplicate` as it was stored, `refused` or `unavailable` as it was not. */
  readonly outcome: string;
  /** The stable name of the reason, such as `already-queued`; null where there is none. */
  readonly reason: string | null;
  /** From the request's arrival to its answer, in milliseconds. */
  readonly ackMs: number;
};

/** What waits and what is worked on, over all instances. */
export type QueueFact = {
  readonly queued: number;
  /** How many of the queued wait for something outside. */
  readonly waiting: number;
  /** How many of those wait for something that only a person can change. */
  readonly parked: number;
  readonly retrying: number;
  readonly active: number;
  /** In milliseconds since the epoch; null when nothing waits. */
  readonly oldestQueuedAtMs: number | null;
};

/** One attempt of a run in this process. */
export type AttemptFact = {
  readonly flow: string;
  /** How the worker left it, such as `succeeded`, `failed` or `retry`. */
  readonly outcome: string;
  readonly elapsedMs: number;
};

/** A run that has come to its end. */
export type RunFact = {
  readonly flow: string;
  readonly state: string;
  /** From the delivery to the end, waiting included, in milliseconds. */
  readonly elapsedMs: number;
};

/** A node of a flow that has run. */
export type NodeFact = { readonly kind: string; readonly status: string; readonly elapsedMs: number };

/** What a flow consumed in one of its runs, on whichever engine. */
export type FlowFact = { readonly flow: string; readonly status: string; readonly usage: FlowUsage };

/** One finished attempt of a model call. */
export type ModelCallFact = {
  /** The configured model's name. */
  readonly model: string;
  readonly provider: string;
  /** `ok` or Dify's name of the failure. */
  readonly outcome: string;
  readonly attempt: number;
  readonly isFallback: boolean;
  readonly elapsedMs: number;
  readonly usage: FlowUsage;
};

/** One finished attempt of a GitLab call. */
export type GitLabCallFact = {
  readonly method: string;
  /** The template of the path, such as `/projects/:id`. */
  readonly route: string;
  /** Null when there was no answer. */
  readonly status: number | null;
  readonly code: string | null;
  readonly durationMs: number;
  readonly attempt: number;
  readonly quota: { readonly limit: number; readonly remaining: number } | null;
};

/** Whose rate limit a GitLab call counts against: the server's own token, or one that a delivery brought. */
export type TokenKind = "server" | "delivery";

/** What was done on a merge request. */
export type PublishFact = { readonly failed: boolean; readonly elapsedMs: number };

/** What became of threads: `opened`, `kept`, `resolved`, `folded` into the summary, `refused` by GitLab. */
export type ThreadCounts = Readonly<Record<"opened" | "kept" | "resolved" | "folded" | "refused", number>>;
