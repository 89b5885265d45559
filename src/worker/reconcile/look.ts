import type { JsonObject } from "../../base/json.ts";
import type { FeedCursor, ListedMergeRequest } from "../../review/change-feed.ts";
import { toStoredEvent } from "../../review/stored-event.ts";
import type { AcceptRequest } from "../../store/store.ts";
import { compareHeads, type ListedHead, type MissedHead } from "./compare-heads.ts";
import type { Look } from "./plan-looks.ts";
import type { ReconcileOptions } from "./reconcile-options.ts";

/** What a look shares with the others of its round. */
export type LookContext = ReconcileOptions & {
  readonly signal: AbortSignal;
  /** When this process began to take deliveries, by the forge's clock. */
  readonly upSinceMs: () => number;
  /** Takes one call from those that the round may make; false when none is left. */
  readonly takeCall: () => boolean;
  /** Called after each page; false when the lease was lost. */
  readonly renewLease: () => Promise<boolean>;
};

/** A time of our clock by the forge's; the same until it has told its time. */
export const byForge = ({ feed }: Pick<ReconcileOptions, "feed">, ownMs: number): number =>
  ownMs + (feed.clockAheadMs() ?? 0);

/** The forge's clock, since the epoch. */
export const forgeNow = (parts: Pick<ReconcileOptions, "feed" | "clock">): number =>
  byForge(parts, parts.clock.now());

/** How far a look came. */
export type LookResult = {
  /** Everything that changed before was seen. */
  readonly seenMs: number;
  /** Runs that were made. */
  readonly reviews: number;
};

/** How long a change is left to its webhook while somebody is there to take it. Less than the overlap of looks. */
const WEBHOOK_MS = 120_000;

/**
 * Reads a list of changes, page by page, and has reviewed what was missed. Ends early when the round may make
 * no more calls or the lease was lost. Throws GitLabErrors and StoreErrors.
 */
export const look = async (
  context: LookContext,
  { place, projectIds, fromMs }: Look,
): Promise<LookResult> => {
  const ours = new Set(projectIds);
  const startedMs = forgeNow(context);
  let seenMs = fromMs;
  let reviews = 0;
  let cursor: FeedCursor | null = null;
  do {
    if (!context.takeCall()) return { seenMs, reviews };
    const page = await context.feed.listChanges(place, fromMs, cursor, context.signal);
    reviews += await takeUp(
      context,
      page.mergeRequests.filter(({ project }) => ours.has(project.id)),
    );
    seenMs = Math.max(seenMs, ...page.mergeRequests.map(({ updatedAtMs }) => updatedAtMs));
    cursor = page.next;
    if (cursor !== null && !(await context.renewLease())) return { seenMs, reviews };
  } while (cursor !== null);
  return { seenMs: startedMs, reviews };
};

/** Has reviewed what of a page was missed; returns how many runs that made. */
const takeUp = async (context: LookContext, page: readonly ListedMergeRequest[]): Promise<number> => {
  const { clock, logger, store, upSinceMs } = context;
  const untilMs = Math.max(upSinceMs(), forgeNow(context) - WEBHOOK_MS);
  const settled = page.flatMap((listed) =>
    listed.headSha === null || listed.updatedAtMs > untilMs ? [] : [{ listed, headSha: listed.headSha }],
  );
  const standings = await store.reconciliation.readStandings(
    settled.map(({ listed: { project, iid }, headSha }) => ({ projectId: project.id, iid, headSha })),
  );
  const heads = settled.flatMap(({ listed }, index): readonly ListedHead[] => {
    const standing = standings[index];
    return standing === undefined ? [] : [{ listed, standing }];
  });
  const { missed, passedOver } = compareHeads(heads, context.route);
  for (const { listed, reason } of passedOver)
    logger.debug({ project: listed.project.path, iid: listed.iid, reason }, "Change needs no review");
  let reviews = 0;
  for (const head of missed) {
    context.signal.throwIfAborted();
    const outcome = await store.accept(toRequest(head, clock.now()));
    if (outcome.kind === "review") reviews += 1;
    const { project, iid, headSha } = head.event;
    logger.info({ ...outcome, project: project.path, iid, headSha }, "Missed change taken up");
  }
  return reviews;
};

/**
 * A missed head on the same way that the delivery of its webhook would have gone. `extend` adds to the event
 * that the run is made with.
 */
export const toRequest = (
  { key, event, flow, decide }: MissedHead,
  nowMs: number,
  extend: (event: JsonObject) => JsonObject = (same) => same,
): AcceptRequest => {
  const stored = extend(toStoredEvent(event));
  const body: JsonObject = { object_kind: "reconcile", event: stored };
  return {
    delivery: {
      key,
      eventName: "Reconcile",
      receivedAtMs: nowMs,
      project: { id: event.project.id, path: event.project.path },
      iid: event.iid,
      headers: {},
      body: Buffer.from(JSON.stringify(body)),
    },
    decide,
    run: { flow, event: stored, token: null },
  };
};
