import type { Journal } from "../base/journal.ts";
import type { Json, JsonObject } from "../base/json.ts";
import type { Reason } from "../base/reason.ts";
import type { Secret } from "../base/secret.ts";
import type { FlowUsage } from "../flow/flow-event.ts";
import type { MergeRequestHistory, Decision } from "../review/decide.ts";
import type { Outside, Peer } from "../base/outside.ts";
import type { FlowsNeeding, Outages } from "./outage.ts";
import type { NewRunEvent } from "./run-event.ts";

/** A webhook as it arrived. */
export type NewDelivery = {
  /** What makes a repeat recognisable: the idempotency key, else the webhook id, else the body's hash. */
  readonly key: string;
  /** GitLab's event header, such as `Merge Request Hook`. */
  readonly eventName: string;
  readonly receivedAtMs: number;
  readonly project: { readonly id: number; readonly path: string } | null;
  /** The merge request's number in its project, null for events about something else. */
  readonly iid: number | null;
  /** Only headers that hold no secret. */
  readonly headers: Readonly<Record<string, string>>;
  /** The raw bytes, up to 25 MB; they need not be valid UTF-8. */
  readonly body: Uint8Array;
};

/** What a run needs to know when it is worked on later, perhaps by another process. */
export type NewRun = {
  /** The name of the configured flow that reviews. */
  readonly flow: string;
  /** The event, as the worker will read it back. */
  readonly event: JsonObject;
  /** The token that came with the delivery (token pass-through); encrypted at rest, deleted when the run ends. */
  readonly token: Secret | null;
};

/** A delivery on its way into the store. */
export type AcceptRequest = {
  readonly delivery: NewDelivery;
  /** Called in the transaction with what is known of the merge request; pure, and may be called again. */
  readonly decide: (history: MergeRequestHistory) => Decision;
  /** Used when the decision is `review` or `reply`; null where that cannot be. */
  readonly run: NewRun | null;
};

/** What became of a delivery; durable when it is returned. */
export type AcceptOutcome =
  | { readonly kind: "duplicate"; readonly deliveryId: string }
  | {
      readonly kind: "review";
      readonly deliveryId: string;
      readonly runId: string;
      /** The queued runs that gave way to this one. */
      readonly superseded: readonly string[];
    }
  | { readonly kind: "reply"; readonly deliveryId: string; readonly runId: string }
  | {
      readonly kind: "cancel";
      readonly deliveryId: string;
      readonly runIds: readonly string[];
      readonly reason: Reason;
    }
  | { readonly kind: "ignore"; readonly deliveryId: string; readonly reason: Reason };

/** Everything that can become of a delivery. */
export const DECISIONS = [
  "review",
  "reply",
  "cancel",
  "ignore",
] as const satisfies readonly Decision["kind"][];

/** Every state of a run, in the order of its life. */
export const RUN_STATES = [
  "queued",
  "active",
  "retrying",
  "succeeded",
  "partial-succeeded",
  "failed",
  "cancelled",
  "superseded",
] as const;

/**
 * How a run stands. `queued` waits to be claimed, `retrying` for its next attempt; the last five are
 * final. `failed` is the dead letter: its reason says why, and it can be run again.
 */
export type RunState = (typeof RUN_STATES)[number];

/** What a run is for: the review of a head, or the answer to a note. */
export type RunKind = "review" | "reply";

/** One flow over one head of a merge request. Times are in milliseconds since the epoch. */
export type Run = {
  readonly id: string;
  readonly kind: RunKind;
  readonly deliveryId: string;
  readonly projectId: number;
  readonly projectPath: string;
  readonly iid: number;
  readonly headSha: string | null;
  readonly flow: string;
  readonly trigger: string;
  readonly state: RunState;
  /** Why it stands so; null where there is nothing to say. */
  readonly reason: Reason | null;
  /** What outside a queued run waits for, and since when on the database's clock; null where it is nothing. */
  readonly waitingFor: (Peer & { readonly sinceMs: number }) | null;
  /** Attempts begun so far; those that found something outside away do not count. */
  readonly attempts: number;
  /** How often it has found something outside away. */
  readonly waits: number;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** When the next attempt is due, for `retrying`, or the first after a quiet time. */
  readonly nextAttemptAtMs: number | null;
  readonly event: JsonObject;
  /** What the run left behind, such as the note's id. */
  readonly result: Json;
  readonly usage: FlowUsage;
};

/** A stored delivery. */
export type Delivery = {
  readonly id: string;
  readonly key: string;
  readonly eventName: string;
  readonly receivedAtMs: number;
  readonly projectId: number | null;
  readonly projectPath: string | null;
  readonly iid: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly decision: Decision["kind"];
  /** Why it was ignored or what it cancelled; `triggered` for a review or reply. */
  readonly reason: Reason;
  readonly runId: string | null;
  /** How often the same delivery came again. */
  readonly repeats: number;
};

/** A run that this process is to work on now. */
export type Claim = {
  readonly run: Run;
  readonly token: Secret | null;
  readonly journal: Journal;
  /** How the other runs over the merge request stand. */
  readonly history: () => Promise<MergeRequestHistory>;
  /**
   * Keeps what the run is over, as the forge says: events may have claimed another head or target branch, and what
   * comes is decided by what was reviewed.
   */
  readonly reviews: (change: { readonly headSha: string; readonly targetBranch: string }) => Promise<void>;
  /**
   * What all runs of this flow over this merge request know together; it survives them. An entry takes at
   * most 1 MiB as JSON. Entries that nobody has used for 90 days go, and all of them once the merge
   * request is closed or merged, so that whatever is in it must be a thing that can be found out again.
   */
  readonly memory: Journal;
  /** What the memories of all flows over this merge request hold under a key: a flow may have had another name. */
  readonly remembered: (key: string) => Promise<readonly Json[]>;
  /**
   * Keeps what happens in the run's flow calls for people to look at, and returns how many events of the
   * run are kept now; beyond MAX_RUN_EVENTS nothing is. May still be called when the run was settled.
   */
  readonly record: (events: readonly NewRunEvent[]) => Promise<number>;
  /**
   * Aborted with a RunCancelled when the run is to end (closed, merged, superseded, cancelled by hand),
   * with another reason when this process must let go of it.
   */
  readonly signal: AbortSignal;
};

/** Something outside that failed, and how. */
export type MetOutside = {
  readonly outside: Outside;
  readonly reason: Reason;
  /** How long it asked to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;
};

/** How a worker leaves a claimed run. */
export type Settlement =
  | {
      readonly state: "succeeded" | "partial-succeeded";
      readonly reason: Reason | null;
      readonly result: Json;
      readonly usage: FlowUsage;
      /** What it found away, or refusing, and was finished without: others wait for it. */
      readonly met?: MetOutside | undefined;
    }
  /** No further attempt. */
  | {
      readonly state: "failed";
      readonly reason: Reason;
      readonly usage: FlowUsage;
    }
  /** Another attempt after `retryAfterMs`, or after the store's backoff; `failed` when attempts are used up. */
  | {
      readonly state: "retry";
      readonly reason: Reason;
      readonly retryAfterMs: number | undefined;
      /** Nothing was tried: the attempt does not count. */
      readonly untried?: true;
    }
  /**
   * Something outside is away, or refuses: back into the queue, without counting the attempt, until it works again;
   * `failed` when that takes longer than the policy allows.
   */
  | ({ readonly state: "waiting" } & MetOutside)
  | { readonly state: "cancelled"; readonly reason: Reason }
  /** We are stopping: back into the queue at once, without counting the attempt. */
  | { readonly state: "handed-back" };

/** What is not finished, over all instances that share the store. */
export type QueueStatus = {
  readonly queued: number;
  /** How many of the queued wait for something outside. */
  readonly waiting: number;
  /** How many of those wait for something that only a person can change. */
  readonly parked: number;
  readonly retrying: number;
  readonly active: number;
  /** When the oldest queued run was created, in milliseconds since the epoch; null when none waits. */
  readonly oldestQueuedAtMs: number | null;
};

/** How a run stands after its worker has let go of it. */
export type SettledState = Exclude<RunState, "active">;

/** How a worker takes runs. */
export type WorkOptions = {
  readonly handle: (claim: Claim) => Promise<Settlement>;
  /**
   * Called when a settlement is durable, with the run as it was claimed and the state that it is left in;
   * must not throw.
   */
  readonly onSettled?: (run: Run, state: SettledState) => void;
  /** Reviews at once in this process, and besides them so many replies: nobody who asks waits for reviews. */
  readonly concurrency: number;
  /** Runs of one kind at once for one project, over all processes. */
  readonly perProject: number;
  /** Which flows need something outside; only the flow that found it away when left out. */
  readonly flowsNeeding?: FlowsNeeding;
};

/** A worker at work. */
export type RunningWorker = {
  /**
   * Takes no more runs, lets active ones finish for `graceMs`, then aborts their signals (with a reason
   * that is no RunCancelled) and waits until they are handed back.
   */
  readonly stop: (graceMs: number) => Promise<void>;
};

/** Deliveries, runs and their steps, and the queue between intake and worker. Failures are StoreErrors. */
export type Store = AsyncDisposable & {
  /** Stores the delivery with its decision and its run in one transaction, together with others that arrive meanwhile. */
  readonly accept: (request: AcceptRequest) => Promise<AcceptOutcome>;
  readonly work: (options: WorkOptions) => Promise<RunningWorker>;
  /** Ends a queued, retrying or active run; false when it had ended already or is unknown. */
  readonly cancelRun: (runId: string, reason: Reason) => Promise<boolean>;
  /** Queues a finished run's merge request again, as a new run with a fresh journal; null when unknown or under way. */
  readonly runAgain: (runId: string) => Promise<string | null>;
  readonly getRun: (runId: string) => Promise<Run | null>;
  /** Newest first. */
  readonly listRuns: (filter: {
    readonly limit: number;
    readonly state?: RunState;
  }) => Promise<readonly Run[]>;
  readonly getDelivery: (deliveryId: string) => Promise<Delivery | null>;
  /** The raw body of a delivery. */
  readonly getDeliveryBody: (deliveryId: string) => Promise<Uint8Array | null>;
  /** Newest first. */
  readonly listDeliveries: (filter: { readonly limit: number }) => Promise<readonly Delivery[]>;
  readonly countRuns: () => Promise<Readonly<Record<RunState, number>>>;
  /** Looks at unfinished runs only, so that it stays cheap whatever the store remembers. */
  readonly queueStatus: () => Promise<QueueStatus>;
  /** What outside does not work now. */
  readonly outages: Outages;
  /** Resolves when the store answers a query; rejects with a StoreError otherwise. */
  readonly ping: () => Promise<void>;
};
