import type { ColumnType, Generated, Selectable } from "kysely";
import type { PeerKind } from "../base/outside.ts";

/**
 * The tables as both databases have them. Ids are UUIDs as text; `seq` is the order of arrival; times are
 * milliseconds since the epoch, those named `due`, `held` and `paused` on the database's own clock; booleans are
 * 0 or 1; values of JSON are text, since diffs and model answers hold U+0000. Columns are snake_case in SQL.
 */
export type Tables = {
  deliveries: DeliveriesTable;
  deliveryBodies: DeliveryBodiesTable;
  runs: RunsTable;
  runTokens: RunTokensTable;
  steps: StepsTable;
  runEvents: RunEventsTable;
  reviewCache: ReviewCacheTable;
  tasks: TasksTable;
  fairShare: FairShareTable;
  rateLimits: RateLimitsTable;
  findings: FindingsTable;
  outcomes: OutcomesTable;
  voters: VotersTable;
  lessons: LessonsTable;
  shadowCandidates: ShadowCandidatesTable;
  shadowRuns: ShadowRunsTable;
  shadowSteps: ShadowStepsTable;
  spendings: SpendingsTable;
  serverKeys: ServerKeysTable;
  endedSessions: EndedSessionsTable;
  outages: OutagesTable;
  outageFlows: OutageFlowsTable;
  noticeCauses: NoticeCausesTable;
  notices: NoticesTable;
  ownNotes: OwnNotesTable;
  progressNotes: ProgressNotesTable;
  runTotals: RunTotalsTable;
  runQuarters: RunQuartersTable;
  deliveryTotals: DeliveryTotalsTable;
  reactions: ReactionsTable;
  pendingStatuses: PendingStatusesTable;
  provenTokens: ProvenTokensTable;
  schemaVersion: SchemaVersionTable;
};

/** What names a row that one process works on at a time; see lease.ts. */
type Leased = {
  claimId: string | null;
  /** 0 when nobody holds it. */
  heldUntil: Generated<number>;
};

/** Webhooks that were answered with 2xx. */
type DeliveriesTable = {
  seq: Generated<number>;
  id: string;
  key: string;
  /** SHA-256 of the key, which may be long. */
  keyHash: string;
  eventName: string;
  receivedAt: number;
  projectId: number | null;
  projectPath: string | null;
  iid: number | null;
  /** A JSON object of texts. */
  headers: string;
  decision: "review" | "reply" | "cancel" | "ignore";
  /** Why it was decided so, see base/reason.ts; parameters are JSON. */
  reasonCode: string;
  reasonParams: string;
  runId: string | null;
  /** How often it came again. */
  repeats: Generated<number>;
};

/** The raw bodies of deliveries, which go before them. */
type DeliveryBodiesTable = { deliveryId: string; encoding: "identity" | "zstd"; bytes: Uint8Array };

/** One flow over one head of a merge request, or an answer to a note; also the queue of them. */
type RunsTable = Leased & {
  seq: Generated<number>;
  id: string;
  kind: "review" | "reply";
  deliveryId: string;
  projectId: number;
  projectPath: string;
  iid: number;
  headSha: string | null;
  /** The branch that its event aims at; null where that is not known. */
  targetBranch: string | null;
  flow: string;
  trigger: string;
  state:
    | "queued"
    | "active"
    | "retrying"
    | "succeeded"
    | "partial-succeeded"
    | "failed"
    | "cancelled"
    | "superseded";
  reasonCode: string | null;
  reasonParams: string | null;
  /** Whether the reason that it failed or was cancelled for may pass by itself. */
  transient: Generated<number>;
  attempts: Generated<number>;
  failures: Generated<number>;
  /** How often its worker was lost. */
  stalledCount: Generated<number>;
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  /** When it may be claimed; 0 for at once. */
  dueAt: Generated<number>;
  /** Why its worker is to stop, as reasonCode and reasonParams. */
  cancelCode: string | null;
  cancelParams: string | null;
  /** What outside a queued run waits for; null when it waits for nothing. */
  waitingKind: PeerKind | null;
  waitingName: string | null;
  /** Since when, on the database's clock. */
  waitingSince: number | null;
  /** How often it has found what it waits for away. */
  waits: Generated<number>;
  /** How often it was called because what it waited for works again. */
  wakes: Generated<number>;
  /** JSON. */
  event: string;
  result: Generated<string>;
  usage: string;
};

/** Tokens that came with deliveries, sealed; deleted when their run has ended and its merge request shows so. */
type RunTokensTable = { runId: string; keyId: string; nonce: Uint8Array; ciphertext: Uint8Array };

/** The journals of runs. */
type StepsTable = { seq: Generated<number>; runId: string; key: string; value: string };

/** What happened in the flow calls of runs, for people. */
type RunEventsTable = { seq: Generated<number>; runId: string; storedAt: number; body: string };

/** What the runs of one flow over one merge request remember together. */
type ReviewCacheTable = {
  seq: Generated<number>;
  projectId: number;
  iid: number;
  flow: string;
  key: string;
  value: string;
  usedAt: number;
};

/** What one process does at a time, such as looking for missed deliveries. */
type TasksTable = Leased & {
  name: string;
  /** On the database's clock. */
  endedAt: Generated<number>;
  /** JSON. */
  state: Generated<string>;
};

/** When a project was last served: the higher, the later. */
type FairShareTable = { projectId: number; served: number };

/** What is left of a rate limit, and until when nobody may call; on the database's clock. */
type RateLimitsTable = {
  name: string;
  permits: Generated<number>;
  countedAt: Generated<number>;
  pausedUntil: Generated<number>;
};

/** Findings that have a thread. Apart from the review cache, which goes with its merge request. */
type FindingsTable = {
  projectId: number;
  iid: number;
  flow: string;
  fingerprint: string;
  path: string;
  category: string;
  severity: string;
  title: string;
  headSha: string;
  raisedAt: number;
  /** When it was last compared with its thread after the end of the merge request. */
  checkedAt: number | null;
};

/** What people made of findings. */
type OutcomesTable = {
  projectId: number;
  iid: number;
  flow: string;
  fingerprint: string;
  facet: string;
  kind: string;
  userId: number | null;
  at: number;
};

/** Whether people with outcomes are members of the project. */
type VotersTable = { projectId: number; userId: number; member: number; checkedAt: number };

/** A project's file of lessons. */
type LessonsTable = {
  projectId: number;
  projectPath: string;
  text: string;
  /** The keys of lessons that somebody took out, a JSON list. */
  removed: string;
  enabled: number;
  version: number;
  editedAt: number | null;
  editedBy: string | null;
  /** What was handed on to another server last. */
  sent: string | null;
};

/** Candidates that are compared with the flows that they may replace, and what was decided about them. */
type ShadowCandidatesTable = {
  flow: string;
  candidate: string;
  since: number;
  choice: "promoted" | "dropped" | null;
  chosenAt: number | null;
  chosenBy: string | null;
};

/** Reviews by candidates. */
type ShadowRunsTable = Leased & {
  seq: Generated<number>;
  id: string;
  runId: string;
  flow: string;
  candidate: string;
  projectId: number;
  projectPath: string;
  iid: number;
  headSha: string | null;
  state: "queued" | "active" | "done" | "failed" | "skipped";
  reasonCode: string | null;
  reasonParams: string | null;
  attempts: Generated<number>;
  createdAt: number;
  finishedAt: number | null;
  dueAt: Generated<number>;
  /** JSON. */
  figures: string | null;
  report: string | null;
};

/** The journals of shadow runs. */
type ShadowStepsTable = { seq: Generated<number>; shadowId: string; key: string; value: string };

/** What projects used, by the day of the budgets' calendar. */
type SpendingsTable = {
  day: string;
  projectId: number;
  projectPath: string;
  tokens: Generated<number>;
  cost: Generated<number>;
  runs: Generated<number>;
};

/** Random keys that all instances share. */
type ServerKeysTable = { name: string; value: Uint8Array };

/** Sessions of the dashboard that were ended before their time, until they would have ended by themselves. */
type EndedSessionsTable = { id: string; endsAt: number };

/** What outside does not work, or is parked until a person has changed something. */
type OutagesTable = {
  kind: PeerKind;
  name: string;
  state: "away" | "parked";
  /** On the database's clock, as `dueAt`. */
  since: number;
  reasonCode: string;
  reasonParams: string;
  /** How often it was found so. */
  failures: number;
  /** From when on one run finds out whether it works again. */
  dueAt: number;
  /** The run that finds it out now. */
  probeRunId: string | null;
};

/** Which flows need something that is away, by the kind of run. */
type OutageFlowsTable = { kind: PeerKind; name: string; runKind: "review" | "reply"; flow: string };
/** The notes that we wrote, by GitLab's ids, and when we last wrote or built on them. */
type OwnNotesTable = { projectId: number; iid: number; noteId: number; seenAt: number };

/** What each channel of notifications was told of. */
type NoticeCausesTable = {
  channel: string;
  cause: string;
  event: string;
  /** Whether it is so now. */
  isOpen: number;
  /** Whether the channel was told that it is. */
  isNotified: number;
  /** How often the channel was told of it. */
  occurrence: number;
  /** On the database's clock. */
  notifiedAt: number;
  /** JSON. */
  facts: string;
};

/** Notices that have not arrived. */
type NoticesTable = {
  id: string;
  channel: string;
  cause: string;
  occurrence: number;
  event: string;
  state: "open" | "over" | "once";
  /** JSON. */
  facts: string;
  createdAt: number;
  /** On the database's clock, as `heldUntil`. */
  dueAt: number;
  heldUntil: Generated<number>;
  attempts: Generated<number>;
  /** Why it did not arrive the last time: a message, as JSON. */
  problem: string | null;
  gaveUp: Generated<number>;
};

/** What merge requests show of reviews that failed or wait. */
type ProgressNotesTable = {
  projectId: number;
  iid: number;
  flow: string;
  runId: string;
  shows: "failed" | "waiting";
};

/** How many runs of a project are in a state; see counts.ts, as for the two below. */
type RunTotalsTable = {
  projectId: number;
  state: RunsTable["state"];
  shard: number;
  runs: number;
  /** When the newest of them was made. */
  lastCreatedAt: number;
};

/** What the runs that were made in a quarter of an hour came to; `quarter` is its begin. */
type RunQuartersTable = {
  quarter: number;
  state: RunsTable["state"];
  currency: string;
  shard: number;
  runs: number;
  tokens: number;
  price: number;
};

/** How many deliveries of a project are stored. */
type DeliveryTotalsTable = { projectId: number; shard: number; deliveries: number };

/** The reactions that say that a review is made; a row goes with its reaction. */
type ReactionsTable = {
  projectId: number;
  iid: number;
  flow: string;
  /** GitLab's id; null where GitLab has not told it. */
  awardId: number | null;
};

/** The commit statuses that say that a review is made; a row goes when its status has come to an end. */
type PendingStatusesTable = {
  projectId: number;
  iid: number;
  flow: string;
  sha: string;
  /** What it was set under; null where GitLab chose. */
  ref: string | null;
  /** Whose review it tells of. */
  runId: string;
  /** What the review was to end it with, and its description; null until GitLab did not take that. */
  endState: ColumnType<string | null, string | null | undefined, string | null>;
  endText: ColumnType<string | null, string | null | undefined, string | null>;
};

/** Tokens that GitLab took for projects, by a hash under a key of `server_keys`, and when it last did, to a day. */
type ProvenTokensTable = { projectId: number; tokenHash: string; provedAt: number };

/** How many of the migrations were carried out. */
type SchemaVersionTable = { version: number };

/** A row of a table as it is read. */
export type Row<Name extends keyof Tables> = Selectable<Tables[Name]>;
