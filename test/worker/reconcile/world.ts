import { reasonOf } from "../../../src/base/reason.ts";
import assert from "node:assert/strict";
import type { Json } from "../../../src/base/json.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { FeedPlace, FeedProject, ListedMergeRequest } from "../../../src/review/change-feed.ts";
import { rulesForPolicy } from "../../../src/review/triggers.ts";
import type { AcceptOutcome, AcceptRequest } from "../../../src/store/store.ts";
import type { ReconcileOptions } from "../../../src/worker/reconcile/reconcile-options.ts";
import { reconcile } from "../../../src/worker/reconcile/reconcile.ts";
import { standing } from "./listed.ts";

/** A read of a list: where, from when on, and which page. */
export type Call = { readonly place: string; readonly fromMs: number; readonly page: number };

/** A forge and a store in memory, on a clock that stands still. */
export type ReconcileWorld = {
  nowMs: number;
  /** How far the forge's clock is ahead; null until it has told. */
  aheadMs: number | null;
  projects: FeedProject[];
  readonly listed: ListedMergeRequest[];
  pageSize: number;
  /** Projects that deliveries came from. */
  readonly known: { readonly id: number; readonly path: string }[];
  /** Called before a list is read; throws what goes wrong. */
  refuse: (place: FeedPlace | "projects") => void;
  readonly calls: Call[];
  /** When heads were looked at because they were stale. */
  readonly looked: Map<string, number>;
  /** Keys of the deliveries that led to a review. */
  readonly reviews: string[];
  /** One round of a process that has been up since `upSinceMs`, now when left out. */
  readonly reconcile: (
    options?: Partial<ReconcileOptions>,
    upSinceMs?: number,
  ) => ReturnType<typeof reconcile>;
  /** What a round is done with. */
  readonly options: () => ReconcileOptions;
  /** The calls of the round, in order, without those of the rounds before. */
  readonly callsOf: (options?: Partial<ReconcileOptions>) => Promise<readonly Call[]>;
};

const nameOf = (place: FeedPlace): string =>
  place.kind === "group" ? `group ${place.path}` : `project ${place.id}`;

const isIn = (place: FeedPlace, { project }: ListedMergeRequest): boolean =>
  place.kind === "group" ? project.path.startsWith(`${place.path}/`) : project.id === place.id;

/** A project in the group `group`. */
export const project = (id: number, group: string | null = null): FeedProject => ({
  id,
  path: `${group ?? "someone"}/project-${id}`,
  group,
});

/** Creates a world at a moment. */
export const createWorld = (nowMs = 1_000_000_000): ReconcileWorld => {
  const heads = new Map<string, string[]>();
  const keys = new Set<string>();
  let state: Json = null;
  const accept = async (request: AcceptRequest): Promise<AcceptOutcome> => {
    const { key, project: from, iid } = request.delivery;
    if (keys.has(key)) return { kind: "duplicate", deliveryId: key };
    keys.add(key);
    const place = `${from?.id}!${iid}`;
    const reviewedHeads = heads.get(place) ?? [];
    const decision = request.decide({ queued: null, active: null, reviewedHeads });
    if (decision.kind !== "review")
      return { kind: "ignore", deliveryId: key, reason: reasonOf("nothing-to-review") };
    heads.set(place, [decision.headSha ?? "", ...reviewedHeads]);
    world.reviews.push(key);
    if (decision.trigger === "stale") world.looked.set(`${place}@${decision.headSha}`, world.nowMs);
    return { kind: "review", deliveryId: key, runId: key, superseded: [] };
  };
  const options: ReconcileOptions = {
    feed: {
      clockAheadMs: () => world.aheadMs,
      listProjects: async () => {
        world.refuse("projects");
        return world.projects;
      },
      listChanges: async (place, fromMs, cursor) => {
        const page = Number(cursor?.["page"] ?? 0);
        world.calls.push({ place: nameOf(place), fromMs, page });
        world.refuse(place);
        const found = world.listed
          .filter((one) => isIn(place, one) && one.updatedAtMs >= fromMs)
          .toSorted((one, other) => one.updatedAtMs - other.updatedAtMs);
        const end = (page + 1) * world.pageSize;
        return {
          mergeRequests: found.slice(page * world.pageSize, end),
          next: found.length > end ? { page: String(page + 1) } : null,
        };
      },
      listQuiet: async (place, span) => {
        world.calls.push({ place: `quiet ${nameOf(place)}`, fromMs: span.from, page: 0 });
        world.refuse(place);
        const mergeRequests = world.listed.filter(
          (one) => isIn(place, one) && one.updatedAtMs >= span.from && one.updatedAtMs <= span.until,
        );
        return { mergeRequests, next: null };
      },
    },
    store: {
      accept,
      reconciliation: {
        acquire: () => assert.fail("a lease is given already"),
        readStandings: async (asked) =>
          asked.map(({ projectId, iid }) =>
            standing({ reviewedHeads: heads.get(`${projectId}!${iid}`) ?? [] }),
          ),
        readLastRuns: async (asked) =>
          asked.map(
            ({ projectId, iid, headSha }) => world.looked.get(`${projectId}!${iid}@${headSha}`) ?? null,
          ),
        listProjects: async () => world.known,
      },
    },
    route: () => ({ flow: "default", rules: rulesForPolicy("every-push") }),
    everyMs: 600_000,
    sinceMs: null,
    clock: { now: () => world.nowMs, sleep: async () => undefined },
    logger: silentLogger,
  };
  const world: ReconcileWorld = {
    nowMs,
    aheadMs: null,
    projects: [],
    listed: [],
    pageSize: 100,
    known: [],
    refuse: () => undefined,
    calls: [],
    reviews: [],
    looked: new Map(),
    reconcile: (changes = {}, upSinceMs = world.nowMs) =>
      reconcile(
        {
          state,
          renew: async (next) => {
            state = next;
            return true;
          },
          release: async () => undefined,
        },
        { ...options, ...changes },
        { upSinceMs, signal: new AbortController().signal },
      ),
    options: () => options,
    callsOf: async (changes = {}) => {
      world.calls.splice(0);
      await world.reconcile(changes);
      return [...world.calls];
    },
  };
  return world;
};
