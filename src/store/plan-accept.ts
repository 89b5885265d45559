import { message } from "../messages/message.ts";
import { StoreError } from "../base/errors.ts";
import type { JsonObject } from "../base/json.ts";
import { type Reason, reasonOf } from "../base/reason.ts";
import type { MergeRequestHistory, Decision } from "../review/decide.ts";
import type { StoredBody } from "./body-codec.ts";
import type { ItemResult } from "./group-commit.ts";
import { mergeRequestKey } from "./merge-request-key.ts";
import type { AcceptOutcome, AcceptRequest, NewRun, RunKind } from "./store.ts";

/** A request with all that can be made before the transaction. */
export type PreparedRequest = {
  readonly request: AcceptRequest;
  readonly keyHash: string;
  readonly deliveryId: string;
  readonly runId: string;
  readonly body: StoredBody;
};

/** A run that waits or is worked on. */
export type LiveRun = {
  readonly id: string;
  readonly headSha: string | null;
  /** The code of the reason for which its worker is to stop. */
  readonly cancelCode: string | null;
};

/** Why a run is asked to stop when a newer head waits for its review; such a run ends as superseded. */
export const SUPERSEDED = reasonOf("newer-head");

/** What is known of a merge request when a delivery for it is decided. */
export type MergeRequestState = {
  readonly waiting: LiveRun | null;
  readonly active: LiveRun | null;
  readonly reviewedHeads: readonly (string | null)[];
  /** The branches that the runs above aim at, by their heads. */
  readonly targets: MergeRequestHistory["targets"];
  readonly paused: boolean;
};

/** A run to be stored; `ended` when a later delivery of the same batch has already done with it. */
export type PlannedRun = {
  readonly kind: RunKind;
  readonly prepared: PreparedRequest;
  readonly run: NewRun;
  readonly project: { readonly id: number; readonly path: string };
  readonly iid: number;
  readonly headSha: string | null;
  readonly trigger: string;
  /** How long it waits for a newer head before it is taken, in milliseconds. */
  readonly quietMs: number;
  ended: { readonly state: "superseded" | "cancelled"; readonly reason: Reason } | null;
};

/** All that one transaction writes for a batch of deliveries. */
export type AcceptPlan = {
  readonly results: readonly ItemResult<AcceptOutcome>[];
  readonly deliveries: readonly {
    readonly prepared: PreparedRequest;
    readonly decision: Decision;
    readonly runId: string | null;
  }[];
  readonly runs: readonly PlannedRun[];
  /** Repeats by delivery id. */
  readonly repeats: ReadonlyMap<string, number>;
  /** Stored runs that waited and come to an end. */
  readonly ended: readonly {
    readonly run: LiveRun;
    readonly state: "superseded" | "cancelled";
    readonly reason: Reason;
  }[];
  /** Stored runs that are worked on and are to stop. */
  readonly cancelRequests: readonly { readonly runId: string; readonly reason: Reason }[];
  /** Events that runs are made for besides their own. */
  readonly joined: readonly {
    readonly runId: string;
    readonly deliveryId: string;
    readonly trigger: string;
    readonly event: JsonObject;
  }[];
};

/** What the plan is made from; both were read under the locks of the batch. */
export type AcceptFacts = {
  /** Stored deliveries by the hash of their key. */
  readonly known: ReadonlyMap<string, string>;
  /** By mergeRequestKey. */
  readonly states: ReadonlyMap<string, MergeRequestState>;
};

const NOTHING: MergeRequestState = {
  waiting: null,
  active: null,
  reviewedHeads: [],
  targets: new Map(),
  paused: false,
};

/** The merge request that a delivery is about, null for other events. */
export const mergeRequestOf = ({ delivery }: AcceptRequest): string | null =>
  delivery.project === null || delivery.iid === null
    ? null
    : mergeRequestKey({ projectId: delivery.project.id, iid: delivery.iid });

/** A run that is told to stop is no reason to leave a reopened merge request without a review. */
export const historyOf = (state: MergeRequestState = NOTHING): MergeRequestHistory => ({
  queued: state.waiting && { runId: state.waiting.id, headSha: state.waiting.headSha },
  active:
    state.active && state.active.cancelCode === null
      ? { runId: state.active.id, headSha: state.active.headSha }
      : null,
  reviewedHeads: state.reviewedHeads,
  ...(state.targets === undefined || state.targets.size === 0 ? {} : { targets: state.targets }),
  ...(state.paused ? { paused: true } : {}),
});

/** The plan while it grows; deliveries of one batch see each other through it. */
type Draft = {
  readonly known: Map<string, string>;
  readonly states: Map<string, MergeRequestState>;
  readonly deliveries: AcceptPlan["deliveries"][number][];
  readonly runs: PlannedRun[];
  readonly repeats: Map<string, number>;
  readonly ended: AcceptPlan["ended"][number][];
  readonly cancelRequests: AcceptPlan["cancelRequests"][number][];
  readonly joined: AcceptPlan["joined"][number][];
};

/**
 * Plans a batch in the order of arrival: every delivery sees what those before it have done. A request
 * whose `decide` throws fails alone.
 */
export const planAccept = (batch: readonly PreparedRequest[], facts: AcceptFacts): AcceptPlan => {
  const draft: Draft = {
    known: new Map(facts.known),
    states: new Map(facts.states),
    deliveries: [],
    runs: [],
    repeats: new Map(),
    ended: [],
    cancelRequests: [],
    joined: [],
  };
  const results = batch.map((prepared): ItemResult<AcceptOutcome> => {
    try {
      return { ok: true, value: planOne(draft, prepared) };
    } catch (error) {
      return { ok: false, error };
    }
  });
  return { ...draft, results };
};

const stateIn = (draft: Draft, key: string | null): MergeRequestState =>
  (key === null ? undefined : draft.states.get(key)) ?? NOTHING;

const planOne = (draft: Draft, prepared: PreparedRequest): AcceptOutcome => {
  const earlier = draft.known.get(prepared.keyHash);
  if (earlier !== undefined) {
    draft.repeats.set(earlier, (draft.repeats.get(earlier) ?? 0) + 1);
    return { kind: "duplicate", deliveryId: earlier };
  }
  const decision = prepared.request.decide(historyOf(stateIn(draft, mergeRequestOf(prepared.request))));
  const outcome = planDecision(draft, prepared, decision);
  const runId = "runId" in outcome ? outcome.runId : null;
  draft.deliveries.push({ prepared, decision, runId });
  draft.known.set(prepared.keyHash, prepared.deliveryId);
  return outcome;
};

const planDecision = (draft: Draft, prepared: PreparedRequest, decision: Decision): AcceptOutcome => {
  switch (decision.kind) {
    case "review":
      return planReview(draft, prepared, decision);
    case "reply":
      return planReply(draft, prepared, decision);
    case "cancel":
      return planCancel(draft, prepared, decision.reason);
    case "ignore":
      if (decision.joins !== undefined) joinRun(draft, prepared, decision.joins);
      return { kind: "ignore", deliveryId: prepared.deliveryId, reason: decision.reason };
    default:
      return decision satisfies never;
  }
};

/** Has the run that makes an event needless know of it. */
const joinRun = (draft: Draft, { deliveryId, request }: PreparedRequest, trigger: string): void => {
  const { waiting, active } = stateIn(draft, mergeRequestOf(request));
  const runId = (waiting ?? active)?.id;
  const event = request.run?.event;
  if (runId !== undefined && event !== undefined) draft.joined.push({ runId, deliveryId, trigger, event });
};

/** Ends a run that waits, be it stored or of this very batch. */
const endWaiting = (draft: Draft, run: LiveRun, state: "superseded" | "cancelled", reason: Reason): void => {
  const planned = draft.runs.find((candidate) => candidate.prepared.runId === run.id);
  if (planned === undefined) draft.ended.push({ run, state, reason });
  else planned.ended = { state, reason };
};

const planReview = (
  draft: Draft,
  prepared: PreparedRequest,
  { headSha, trigger, quietMs = 0 }: Decision & { readonly kind: "review" },
): AcceptOutcome => {
  const place = placeOf(prepared);
  const key = mergeRequestKey({ projectId: place.project.id, iid: place.iid });
  const state = stateIn(draft, key);
  const { runId, deliveryId } = prepared;
  if (state.waiting !== null) {
    endWaiting(draft, state.waiting, "superseded", reasonOf("newer-run", { run: runId }));
  }
  draft.runs.push({ ...place, kind: "review", headSha, trigger, quietMs, ended: null });
  const waiting = { id: runId, headSha, cancelCode: null };
  draft.states.set(key, { ...state, active: stopOlder(draft, state.active, headSha), waiting });
  return { kind: "review", deliveryId, runId, superseded: state.waiting === null ? [] : [state.waiting.id] };
};

/** What a run needs of its request. Throws a StoreError for a request that names no merge request. */
const placeOf = (prepared: PreparedRequest) => {
  const { run, delivery } = prepared.request;
  const { project, iid } = delivery;
  if (run !== null && project !== null && iid !== null) return { prepared, run, project, iid };
  throw new StoreError(message("store.run-without-place"), {
    code: "review-without-run",
  });
};

/** A reply is queued behind those before it and leaves reviews alone. */
const planReply = (
  draft: Draft,
  prepared: PreparedRequest,
  { trigger }: Decision & { readonly kind: "reply" },
): AcceptOutcome => {
  draft.runs.push({ ...placeOf(prepared), kind: "reply", headSha: null, trigger, quietMs: 0, ended: null });
  return { kind: "reply", deliveryId: prepared.deliveryId, runId: prepared.runId };
};

/** A review of an older head is of no use any more: it is asked to stop. */
const stopOlder = (draft: Draft, active: LiveRun | null, headSha: string | null): LiveRun | null => {
  if (active === null || active.cancelCode !== null || active.headSha === headSha) return active;
  draft.cancelRequests.push({ runId: active.id, reason: SUPERSEDED });
  return { ...active, cancelCode: SUPERSEDED.code };
};

const planCancel = (draft: Draft, prepared: PreparedRequest, reason: Reason): AcceptOutcome => {
  const key = mergeRequestOf(prepared.request);
  const state = stateIn(draft, key);
  const { waiting, active } = state;
  const stopping = active !== null && active.cancelCode === null ? active : null;
  if (waiting !== null) endWaiting(draft, waiting, "cancelled", reason);
  if (stopping !== null) draft.cancelRequests.push({ runId: stopping.id, reason });
  if (key !== null) {
    const stopped = stopping === null ? active : { ...stopping, cancelCode: reason.code };
    draft.states.set(key, { ...state, waiting: null, active: stopped });
  }
  const runIds = [waiting, stopping].flatMap((run) => (run === null ? [] : [run.id]));
  return { kind: "cancel", deliveryId: prepared.deliveryId, runIds, reason };
};
