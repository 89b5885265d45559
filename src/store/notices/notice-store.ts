import { type CompiledQuery, sql, type SqlBool } from "kysely";
import { newId } from "../../base/ids.ts";
import { Json, parseJson } from "../../base/json.ts";
import type { Peer } from "../../base/outside.ts";
import { type Reason, StoredMessage } from "../../base/reason.ts";
import type { Message } from "../../messages/message.ts";
import type { Clock } from "../../base/clock.ts";
import type { Database, Sql } from "../database.ts";
import { decideAndWrite } from "../decide-and-write.ts";
import { nowPlus } from "../dialect.ts";
import { readJson, readReason } from "../run-rows.ts";
import type { Row } from "../tables.ts";

/** Something that a channel is to be told of, by a key that stays the same while it lasts. */
export type NoticeCause = {
  readonly key: string;
  readonly event: string;
  /** Whether it has an end, of which is told, too; otherwise it is told of once and for all. */
  readonly lasts: boolean;
  /** What a message of it says. */
  readonly facts: Json;
};

/** What a notice tells: that something is so, that it is over, or that it has happened. */
type NoticeState = Row<"notices">["state"];

/** A notice on its way to a channel. Times are in milliseconds since the epoch. */
export type QueuedNotice = {
  readonly id: string;
  readonly channel: string;
  readonly event: string;
  readonly state: NoticeState;
  readonly facts: Json;
  readonly createdAtMs: number;
  /** Deliveries tried so far, this one included. */
  readonly attempts: number;
};

/** How a channel stands that has notices which did not arrive. */
type ChannelTrouble = {
  readonly channel: string;
  readonly waiting: number;
  /** Given up after a day. */
  readonly lost: number;
  readonly sinceMs: number;
  /** Why the newest of them did not arrive, without the secrets of its address. */
  readonly problem: Message;
};

/** The same by the name that the channel has where people read. */
export type NoticeTrouble = Omit<ChannelTrouble, "channel"> & { readonly label: string };

/** Reviews of one flow that failed for good for one reason, and that nobody made up for. */
type FailedReviews = {
  readonly flow: string;
  readonly reason: Reason;
  /** The newest first. */
  readonly places: readonly { readonly projectPath: string; readonly iid: number; readonly runId: string }[];
};

/** Queued runs that wait for something outside. */
type WaitingReviews = {
  readonly peer: Peer;
  readonly count: number;
  readonly sinceMs: number;
  readonly projects: readonly string[];
};

/**
 * What operators are to be told, durable and once for all instances: the causes that each channel was told of, and the
 * notices that have not arrived. Failures are StoreErrors.
 */
export type NoticeStore = {
  /**
   * Brings what a channel was told into line with what is `present` now: queues a notice of what is new or was told of
   * `quietMs` ago, and one of what is over if its beginning was told. Of causes that do not last `present` holds the new
   * ones alone.
   */
  readonly sync: (channel: string, present: readonly NoticeCause[], quietMs: number) => Promise<void>;
  /** Takes notices that are due, for `leaseMs`. */
  readonly take: (limit: number, leaseMs: number) => Promise<readonly QueuedNotice[]>;
  readonly sent: (id: string) => Promise<void>;
  /** Puts a notice off, or gives it up where `delayMs` is null. */
  readonly failed: (id: string, problem: Message, delayMs: number | null) => Promise<void>;
  readonly listTroubles: () => Promise<readonly ChannelTrouble[]>;
  readonly failedReviews: (times: {
    readonly sinceMs: number;
    readonly freshMs: number;
  }) => Promise<readonly FailedReviews[]>;
  readonly waitingReviews: (leastMs: number) => Promise<readonly WaitingReviews[]>;
  /** Finished reviews with what they left behind, the oldest first. */
  readonly finishedReviews: (afterMs: number, limit: number) => Promise<readonly FinishedReview[]>;
};

/** A review that was made. */
type FinishedReview = {
  readonly projectId: number;
  readonly projectPath: string;
  readonly iid: number;
  readonly finishedAtMs: number;
  readonly result: Json;
};

/** For how long it is remembered that something was told of, and what did not arrive is shown, in milliseconds. */
const KEPT_MS = 7 * 86_400_000;
const MOST_PLACES = 500;
const MOST_IN_A_SYNC = 200;

/** The notices of a store. */
export const createNoticeStore = (database: Database, clock: Clock): NoticeStore => {
  const { db, dialect } = database;
  const ofNotice = (id: string) => db.updateTable("notices").where("id", "=", id);
  return {
    sync: (channel, present, quietMs) =>
      decideAndWrite(database, async (tx) => ({
        result: undefined,
        statements: await planSync(tx, channel, present.slice(0, MOST_IN_A_SYNC), quietMs, clock),
        wakesWorkers: false,
      })),
    take: async (limit, leaseMs) => {
      const isDue = sql<SqlBool>`gave_up = 0 AND due_at <= ${nowPlus(dialect)} AND held_until <= ${nowPlus(dialect)}`;
      const rows = await db
        .updateTable("notices")
        .set((eb) => ({ heldUntil: nowPlus(dialect, leaseMs), attempts: eb("attempts", "+", 1) }))
        .where("id", "in", (eb) =>
          eb.selectFrom("notices").select("id").where(isDue).orderBy("createdAt").limit(limit),
        )
        .where(isDue)
        .returningAll()
        .execute();
      return rows.map(toNotice);
    },
    sent: async (id) => {
      await db.deleteFrom("notices").where("id", "=", id).execute();
    },
    failed: async (id, problem, delayMs) => {
      await ofNotice(id)
        .set({
          problem: JSON.stringify(problem),
          heldUntil: 0,
          ...(delayMs === null ? { gaveUp: 1 } : { dueAt: nowPlus(dialect, delayMs) }),
        })
        .execute();
    },
    listTroubles: async () => {
      const rows = await db
        .selectFrom("notices")
        .select(["channel", "createdAt", "problem", "gaveUp"])
        .where("problem", "is not", null)
        .orderBy("createdAt")
        .execute();
      return [...Map.groupBy(rows, ({ channel }) => channel)].map(([channel, notices]) => ({
        channel,
        waiting: notices.filter(({ gaveUp }) => gaveUp === 0).length,
        lost: notices.filter(({ gaveUp }) => gaveUp === 1).length,
        sinceMs: notices[0]?.createdAt ?? 0,
        problem: readJson(StoredMessage, notices.at(-1)?.problem ?? ""),
      }));
    },
    failedReviews: (times) => readFailed(database, times),
    waitingReviews: (leastMs) => readWaiting(database, leastMs),
    finishedReviews: async (afterMs, limit) => {
      const rows = await db
        .selectFrom("runs")
        .select(["projectId", "projectPath", "iid", "finishedAt", "result"])
        .where("kind", "=", "review")
        .where("state", "in", ["succeeded", "partial-succeeded"])
        .where("finishedAt", ">", afterMs)
        .orderBy("finishedAt")
        .limit(limit)
        .execute();
      return rows.map(({ finishedAt, result, ...row }) => ({
        ...row,
        finishedAtMs: finishedAt ?? 0,
        result: Json.parse(parseJson(result) ?? null),
      }));
    },
  };
};

const toNotice = ({ createdAt, state, facts, ...row }: Row<"notices">): QueuedNotice => ({
  id: row.id,
  channel: row.channel,
  event: row.event,
  attempts: row.attempts,
  state,
  facts: Json.parse(parseJson(facts) ?? null),
  createdAtMs: createdAt,
});

const planSync = async (
  tx: Sql,
  channel: string,
  present: readonly NoticeCause[],
  quietMs: number,
  clock: Clock,
): Promise<readonly CompiledQuery[]> => {
  const { db, dialect } = tx;
  const rows = await db
    .selectFrom("noticeCauses")
    .selectAll()
    .select(sql<number>`${nowPlus(dialect)} - notified_at`.as("notifiedAgoMs"))
    .where("channel", "=", channel)
    .execute();
  const known = new Map(rows.map((row) => [row.cause, row]));
  const wanted = new Set(present.map(({ key }) => key));
  return [
    ...present.flatMap((cause) => planPresent(tx, channel, cause, known.get(cause.key), quietMs, clock)),
    ...rows
      .filter(({ cause, isOpen }) => isOpen === 1 && !wanted.has(cause))
      .flatMap((row) => planOver(tx, row, clock)),
    db
      .deleteFrom("noticeCauses")
      .where("channel", "=", channel)
      .where("isOpen", "=", 0)
      .where("notifiedAt", "<", nowPlus(dialect, -KEPT_MS))
      .compile(),
    db
      .deleteFrom("notices")
      .where("gaveUp", "=", 1)
      .where("createdAt", "<", clock.now() - KEPT_MS)
      .compile(),
  ];
};

type KnownCause = Row<"noticeCauses"> & { readonly notifiedAgoMs: number };

/** Flapping is told of once in a while; what lasts is told of again after each such time. */
const planPresent = (
  tx: Sql,
  channel: string,
  { key, event, lasts, facts }: NoticeCause,
  row: KnownCause | undefined,
  quietMs: number,
  clock: Clock,
): readonly CompiledQuery[] => {
  const { db, dialect } = tx;
  const text = JSON.stringify(facts);
  if (row === undefined) {
    const first = {
      channel,
      cause: key,
      event,
      isOpen: lasts ? 1 : 0,
      isNotified: 1,
      occurrence: 1,
      notifiedAt: nowPlus(dialect),
      facts: text,
    };
    return [
      db.insertInto("noticeCauses").values(first).compile(),
      insertNotice(
        tx,
        { channel, cause: key, event, occurrence: 1, state: lasts ? "open" : "once", text },
        clock,
      ),
    ];
  }
  if (!lasts) return [];
  const ofCause = db.updateTable("noticeCauses").where("channel", "=", channel).where("cause", "=", key);
  if (row.notifiedAgoMs < quietMs)
    return row.isOpen === 1 ? [] : [ofCause.set({ isOpen: 1, isNotified: 0, facts: text }).compile()];
  const occurrence = row.occurrence + 1;
  return [
    ofCause
      .set({ isOpen: 1, isNotified: 1, occurrence, notifiedAt: nowPlus(dialect), facts: text })
      .compile(),
    insertNotice(tx, { channel, cause: key, event, occurrence, state: "open", text }, clock),
  ];
};

const planOver = (
  tx: Sql,
  { channel, cause, event, isNotified, occurrence, facts }: KnownCause,
  clock: Clock,
): readonly CompiledQuery[] => [
  tx.db
    .updateTable("noticeCauses")
    .set({ isOpen: 0, isNotified: 0 })
    .where("channel", "=", channel)
    .where("cause", "=", cause)
    .compile(),
  ...(isNotified === 1
    ? [insertNotice(tx, { channel, cause, event, occurrence, state: "over", text: facts }, clock)]
    : []),
];

/** Two instances that decide the same at once make the same row, of which the database takes one. */
const insertNotice = (
  { db, dialect }: Sql,
  notice: {
    readonly channel: string;
    readonly cause: string;
    readonly event: string;
    readonly occurrence: number;
    readonly state: NoticeState;
    readonly text: string;
  },
  clock: Clock,
): CompiledQuery =>
  db
    .insertInto("notices")
    .values({
      id: newId(clock.now()),
      channel: notice.channel,
      cause: notice.cause,
      occurrence: notice.occurrence,
      event: notice.event,
      state: notice.state,
      facts: notice.text,
      createdAt: clock.now(),
      dueAt: nowPlus(dialect),
    })
    .compile();

/** A failure counts as long as it is fresh, and as long as its flow has made no review since. */
const readFailed = async (
  { db }: Sql,
  { sinceMs, freshMs }: { readonly sinceMs: number; readonly freshMs: number },
): Promise<readonly FailedReviews[]> => {
  const rows = await db
    .selectFrom("runs as f")
    .select(["f.id", "f.flow", "f.projectPath", "f.iid", "f.reasonCode", "f.reasonParams"])
    .where("f.kind", "=", "review")
    .where("f.state", "=", "failed")
    .where("f.finishedAt", ">", sinceMs)
    .where(
      sql<SqlBool>`(f.finished_at > ${freshMs} OR NOT EXISTS (SELECT 1 FROM reviewflow.runs n WHERE n.flow = f.flow
        AND n.kind = 'review' AND n.state IN ('succeeded', 'partial-succeeded') AND n.finished_at > f.finished_at))`,
    )
    .orderBy("f.seq", "desc")
    .limit(MOST_PLACES)
    .execute();
  const groups = Map.groupBy(rows, ({ flow, reasonCode }) => JSON.stringify([flow, reasonCode]));
  return [...groups.values()].flatMap((failed) => {
    const [first] = failed;
    if (first?.reasonCode === undefined || first.reasonCode === null) return [];
    return [
      {
        flow: first.flow,
        reason: readReason(first.reasonCode, first.reasonParams),
        places: failed.map(({ id: runId, projectPath, iid }) => ({ runId, projectPath, iid })),
      },
    ];
  });
};

const readWaiting = async ({ db, dialect }: Sql, leastMs: number): Promise<readonly WaitingReviews[]> => {
  const rows = await db
    .selectFrom("runs")
    .select((eb) => [
      "waitingKind",
      "waitingName",
      "projectPath",
      eb.fn.countAll<number>().as("count"),
      eb.fn.min("waitingSince").as("since"),
    ])
    // One that finds out whether it works again still waits: nothing is over before that is known.
    .where(
      sql<SqlBool>`(state = 'queued' OR state = 'active' AND EXISTS (SELECT 1 FROM reviewflow.outages g
        WHERE g.kind = waiting_kind AND g.name = waiting_name))`,
    )
    .where("waitingSince", "<=", nowPlus(dialect, -leastMs))
    .groupBy(["waitingKind", "waitingName", "projectPath"])
    .execute();
  const groups = Map.groupBy(rows, ({ waitingKind, waitingName }) => `${waitingKind} ${waitingName}`);
  return [...groups.values()].flatMap((waiting) => {
    const [first] = waiting;
    if (first === undefined || first.waitingKind === null || first.waitingName === null) return [];
    return [
      {
        peer: { kind: first.waitingKind, name: first.waitingName },
        count: waiting.reduce((sum, { count }) => sum + count, 0),
        sinceMs: Math.min(...waiting.flatMap(({ since }) => since ?? [])),
        projects: waiting.map(({ projectPath }) => projectPath),
      },
    ];
  });
};
