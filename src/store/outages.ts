import { type CompiledQuery, sql, type RawBuilder, type SqlBool } from "kysely";
import type { Clock } from "../base/clock.ts";
import { type Peer, type PeerKind, peerKey } from "../base/outside.ts";
import type { Database, Dialect, Sql } from "./database.ts";
import { NOW, nowPlus } from "./dialect.ts";
import { WAKE_CHANNEL } from "./end-runs.ts";
import { pauseAfter } from "../base/retry.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import { readReason, reasonColumns } from "./run-rows.ts";
import type { FlowsNeeding, Outage, OutageChange, Outages } from "./outage.ts";
import type { MetOutside, RunKind } from "./store.ts";
import type { Row } from "./tables.ts";

/** How long a run may take to find out whether a peer works, before another may. */
const PROBE_MS = 300_000;

/** A run is called so often because what it waits for works again; then its own pauses hold, for its request may be what fails. */
const MAX_WAKES = 5;

/** Whether the run `r` needs what the outage `g` is about. */
const NEEDS = `(g.kind = 'gitlab' OR (g.kind = 'project' AND g.name = r.project_path)
  OR (g.kind = r.waiting_kind AND g.name = r.waiting_name)
  OR EXISTS (SELECT 1 FROM reviewflow.outage_flows f
    WHERE f.kind = g.kind AND f.name = g.name AND f.run_kind = r.kind AND f.flow = r.flow))`;

/** Whether nobody is let through to the outage `g`. */
const isClosed = (dialect: Dialect): string => `(g.state = 'parked' OR g.due_at > ${NOW[dialect]})`;

/** Asked once a statement, so that a queue costs nothing more as long as everything works. */
const IS_ANY = "EXISTS (SELECT 1 FROM reviewflow.outages)";

/**
 * Whether the run `r` may not be claimed. What has waited for too long is let through, so that its worker gives it up;
 * what is parked waits for a person, however long.
 */
export const isHeldBack = (dialect: Dialect, giveUpMs: number): string => `(${IS_ANY} AND EXISTS (
  SELECT 1 FROM reviewflow.outages g WHERE ${isClosed(dialect)} AND ${NEEDS}
    AND (g.state = 'parked' OR r.waiting_since IS NULL OR r.waiting_since > ${NOW[dialect]} - ${Math.trunc(giveUpMs)})))`;

/** The outage that the run `r` would find out about, as a text; null where there is none. */
export const PROBED = `CASE WHEN ${IS_ANY} THEN
  (SELECT min(g.kind || ' ' || g.name) FROM reviewflow.outages g WHERE ${NEEDS}) END`;

/** Notes what queued runs wait for that nobody has taken yet. */
export const markWaiting = (dialect: Dialect): string => {
  const closed = (column: string): string => `(SELECT ${column} FROM reviewflow.outages g
    WHERE ${isClosed(dialect)} AND ${NEEDS} ORDER BY g.since, g.kind, g.name LIMIT 1)`;
  return `UPDATE reviewflow.runs AS r SET waiting_kind = ${closed("g.kind")}, waiting_name = ${closed("g.name")},
      waiting_since = ${NOW[dialect]}
    WHERE ${IS_ANY} AND r.state = 'queued' AND r.waiting_kind IS NULL AND r.due_at <= ${NOW[dialect]}
      AND EXISTS (SELECT 1 FROM reviewflow.outages g WHERE ${isClosed(dialect)} AND ${NEEDS})`;
};

/** Notes which of the runs that a claim has just taken find out about which outage. */
export const markProbes = (dialect: Dialect, claimId: string): string => `
  UPDATE reviewflow.outages AS g SET due_at = ${NOW[dialect]} + ${PROBE_MS},
    probe_run_id = (SELECT min(r.id) FROM reviewflow.runs r WHERE r.claim_id = '${claimId}' AND ${NEEDS})
  WHERE g.state = 'away' AND g.due_at <= ${NOW[dialect]}
    AND EXISTS (SELECT 1 FROM reviewflow.runs r WHERE r.claim_id = '${claimId}' AND ${NEEDS})`;

const ofPeer = ({ kind, name }: Peer): RawBuilder<SqlBool> => sql<SqlBool>`kind = ${kind} AND name = ${name}`;

/** What waits for these no other run can find out about: they are over when the next statement works. */
const isShared = ({ kind }: Peer): boolean => kind !== "database" && kind !== "network";

/** What only some flows need; all runs need GitLab, and those of a project their project. */
const IS_OF_FLOWS: ReadonlySet<PeerKind> = new Set(["model", "dify", "flow"]);

/** What a run that has found something outside away leaves behind for the others. */
export type Found = MetOutside & {
  readonly run: { readonly id: string; readonly kind: RunKind; readonly flow: string };
};

/** The statements that note it, and the news that it is; null where it is none. */
export const noteOutage = async (
  tx: Sql,
  { run, outside, reason, retryAfterMs }: Found,
  flowsNeeding: FlowsNeeding,
  policy: RetryPolicy,
): Promise<{ readonly statements: readonly CompiledQuery[]; readonly news: OutageChange | null }> => {
  const { peer, verdict } = outside;
  if (verdict === "busy" || !isShared(peer)) return { statements: [], news: null };
  const { db, dialect } = tx;
  const before = await db.selectFrom("outages").selectAll().where(ofPeer(peer)).executeTakeFirst();
  const flows = IS_OF_FLOWS.has(peer.kind)
    ? [...flowsNeeding(peer), { runKind: run.kind, flow: run.flow }]
    : [];
  const ofFlows = flows.map((needed) =>
    db
      .insertInto("outageFlows")
      .values({ ...peer, ...needed })
      .onConflict((conflict) => conflict.doNothing())
      .compile(),
  );
  const state = verdict === "refused" ? ("parked" as const) : ("away" as const);
  const pause = (failures: number): number => retryAfterMs ?? pauseAfter(failures, policy, Math.random());
  if (before === undefined) {
    const row = {
      ...peer,
      state,
      ...reasonColumns(reason),
      since: nowPlus(dialect),
      failures: 1,
      dueAt: nowPlus(dialect, pause(1)),
      probeRunId: null,
    };
    // Where another instance was quicker, its row is in the way, and everything is decided again.
    return {
      statements: [db.insertInto("outages").values(row).compile(), ...ofFlows],
      news: { peer, state, reason },
    };
  }
  // Others that were under way say nothing new.
  const isProbe = before.probeRunId === run.id;
  const isParked = state === "parked" && before.state !== "parked";
  if (!isProbe && !isParked) return { statements: ofFlows, news: null };
  const failures = before.failures + 1;
  const changed = {
    state: before.state === "parked" ? before.state : state,
    ...reasonColumns(reason),
    failures,
    dueAt: nowPlus(dialect, pause(failures)),
    probeRunId: null,
  };
  return {
    statements: [db.updateTable("outages").set(changed).where(ofPeer(peer)).compile(), ...ofFlows],
    news: isParked ? { peer, state, reason } : null,
  };
};

/** Lets another run find out in place of one that has ended without an answer. */
export const releaseProbe = ({ db }: Sql, runId: string, except: Peer | null): CompiledQuery =>
  db
    .updateTable("outages")
    .set({ dueAt: 0, probeRunId: null })
    .where("probeRunId", "=", runId)
    .where("state", "=", "away")
    .$if(except !== null, (query) =>
      query.where((eb) => eb.not(eb.and({ kind: except?.kind ?? "model", name: except?.name ?? "" }))),
    )
    .compile();

/** The peers that a run has found out about. */
export const probedBy = async ({ db }: Sql, runId: string): Promise<readonly Peer[]> =>
  db.selectFrom("outages").select(["kind", "name"]).where("probeRunId", "=", runId).execute();

/** What a worker starts with: whatever is known may have been changed before the start. */
export const resumeAll = async ({ db }: Sql): Promise<void> => {
  await db.updateTable("outages").set({ state: "away", dueAt: 0, probeRunId: null }).execute();
};

/** Outages with what this process remembers of them between two looks at the table. */
export type OutageTracker = Outages & {
  /** Reads the table. */
  readonly refresh: () => Promise<void>;
  /** Ends the outages of these peers. */
  readonly isOver: (peers: readonly Peer[]) => Promise<void>;
};

/** Keeps the outages of a store. `onChange` must not throw. */
export const createOutages = (
  database: Database,
  {
    clock,
    onChange,
    onResumed,
  }: {
    readonly clock: Clock;
    readonly onChange: (change: OutageChange) => void;
    /** Told that the queue of a peer was parked and is so no longer, before a run of this process asks it again. */
    readonly onResumed: (peer: Peer) => void;
  },
): OutageTracker => {
  const { db } = database;
  /** When this process has heard of each, on its own clock. */
  let known = new Map<string, number>();
  let parked = new Map<string, Peer>();

  const refresh = async (): Promise<void> => {
    const rows = await db.selectFrom("outages").select(["kind", "name", "state"]).execute();
    const nowMs = clock.now();
    known = new Map(rows.map((peer) => [peerKey(peer), known.get(peerKey(peer)) ?? nowMs]));
    const before = parked;
    parked = new Map(rows.flatMap((row) => (row.state === "parked" ? [[peerKey(row), row] as const] : [])));
    for (const [key, { kind, name }] of before) if (!parked.has(key)) onResumed({ kind, name });
  };

  const end = async (peer: Peer): Promise<void> => {
    known.delete(peerKey(peer));
    const ended = await db.deleteFrom("outages").where(ofPeer(peer)).returning("kind").execute();
    if (ended.length === 0) return;
    await database.batch([
      db.deleteFrom("outageFlows").where(ofPeer(peer)).compile(),
      db
        .updateTable("runs")
        .set((eb) => ({
          dueAt: 0,
          waitingKind: null,
          waitingName: null,
          waitingSince: null,
          wakes: eb("wakes", "+", 1),
        }))
        .where("state", "=", "queued")
        .where("waitingKind", "=", peer.kind)
        .where("waitingName", "=", peer.name)
        .where("wakes", "<", MAX_WAKES)
        .compile(),
    ]);
    await database.notify(WAKE_CHANNEL);
    onChange({ peer, state: "over", reason: null });
  };

  return {
    refresh,
    isOver: async (peers) => {
      for (const peer of peers) await end(peer);
    },
    list: async () => {
      const rows = await db
        .selectFrom("outages as g")
        .selectAll("g")
        .select(
          sql<number>`(SELECT count(*) FROM reviewflow.runs r WHERE r.state = 'queued'
            AND r.waiting_kind = g.kind AND r.waiting_name = g.name)`.as("waiting"),
        )
        .orderBy("g.since")
        .orderBy("g.name")
        .execute();
      return rows.map(toOutage);
    },
    resume: async (peer) => {
      const resumed = await db
        .updateTable("outages")
        .set({ state: "away", dueAt: 0, probeRunId: null })
        .where(ofPeer(peer))
        .returning("kind")
        .execute();
      if (resumed.length === 0) return false;
      await db
        .updateTable("runs")
        .set({ dueAt: 0 })
        .where("state", "=", "queued")
        .where("waitingKind", "=", peer.kind)
        .where("waitingName", "=", peer.name)
        .execute();
      await database.notify(WAKE_CHANNEL);
      return true;
    },
    works: async (peer, startedAtMs) => {
      const knownSince = known.get(peerKey(peer));
      if (knownSince === undefined || startedAtMs < knownSince) return;
      // Where the database does not answer, the run that ends well says it again.
      await end(peer).catch(() => undefined);
    },
  };
};

const toOutage = ({
  kind,
  name,
  state,
  since,
  reasonCode,
  reasonParams,
  dueAt,
  waiting,
}: Row<"outages"> & { readonly waiting: number }): Outage => ({
  peer: { kind, name },
  state,
  sinceMs: since,
  reason: readReason(reasonCode, reasonParams),
  nextTryAtMs: state === "parked" ? null : dueAt,
  waiting,
});
