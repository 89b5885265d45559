import { createHmac } from "node:crypto";
import { sql } from "kysely";
import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { ProvenTokens } from "../review/proven-tokens.ts";
import type { Database, Sql } from "./database.ts";
import { deleteInPieces } from "./retention/delete-in-pieces.ts";
import { readServerKey } from "./sessions.ts";

/** Told to all instances when a token was kept or forgotten. */
const PROVEN_CHANNEL = "reviewflow_proven";

const DAY_MS = 86_400_000;
/** A project may be quiet for weeks. */
const KEPT_MS = 30 * DAY_MS;
/** A token is proved up to once a minute, and written no oftener than this. */
const WRITTEN_EVERY_MS = DAY_MS;
/** Tokens with their projects; beyond it the oldest go. */
const MOST_KEPT = 5_000;

const TABLE = { table: "proven_tokens", key: ["project_id", "token_hash"] } as const;

/** What opening them takes. `most` is how many are kept. */
type ProvenTokensParts = {
  readonly database: Database;
  readonly clock: Pick<Clock, "now">;
  readonly logger: Logger;
  readonly most?: number;
};

/**
 * The proven tokens of a store, read at once, so that they are known from the first delivery on, and again whenever an
 * instance has kept or forgotten one. A failure of the database takes from this memory what was not written, nothing
 * else. Throws StoreErrors when they cannot be read.
 */
export const openProvenTokens = async ({
  database,
  clock,
  logger,
  most = MOST_KEPT,
}: ProvenTokensParts): Promise<ProvenTokens> => {
  const { db } = database;
  const key = await readServerKey(database, "proven-tokens");
  /** When each was proved, by project; the oldest first. */
  let known = new Map<string, Map<number, number>>();
  let size = 0;

  const drop = (hash: string, projectId: number | null): boolean => {
    const projects = known.get(hash);
    if (projects === undefined) return false;
    const dropped = projectId === null ? projects.size : Number(projects.delete(projectId));
    if (projectId === null || projects.size === 0) known.delete(hash);
    size -= dropped;
    return dropped > 0;
  };
  const add = (hash: string, projectId: number, provedAtMs: number): void => {
    drop(hash, projectId);
    const projects = known.get(hash) ?? new Map<number, number>();
    known.delete(hash);
    known.set(hash, projects.set(projectId, provedAtMs));
    size += 1;
    const [first] = known;
    const [oldest] = first?.[1].keys() ?? [];
    if (size > most && first !== undefined && oldest !== undefined) drop(first[0], oldest);
  };

  /** What this process has not written yet, how often it wrote, and whether somebody has said that there is news. */
  let writing = 0;
  let writes = 0;
  let isStale = false;
  const read = async (): Promise<void> => {
    const before = writes;
    const rows = await db
      .selectFrom("provenTokens")
      .select(["tokenHash", "projectId", "provedAt"])
      .orderBy("provedAt", "desc")
      .limit(most)
      .execute();
    if (writes !== before) {
      isStale = true;
      return;
    }
    known = new Map();
    size = 0;
    for (const { tokenHash, projectId, provedAt } of rows.toReversed()) add(tokenHash, projectId, provedAt);
  };

  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      logger.warn({ error: describeError(error) }, "Proven tokens could not be read or kept");
    }
  };

  let isReading = false;
  const hasNews = (): boolean => isStale && writing === 0;
  /** Reads once for all the news of meanwhile, and nothing that is older than what this process knows by itself. */
  const readAgain = async (): Promise<void> => {
    if (isReading || writing > 0) return;
    isReading = true;
    await attempt(async () => {
      try {
        while (hasNews()) {
          isStale = false;
          await read();
        }
      } finally {
        isReading = false;
      }
    });
  };
  const write = async (statement: { readonly execute: () => Promise<unknown> }): Promise<void> => {
    writing += 1;
    writes += 1;
    await attempt(async () => {
      await statement.execute();
      await database.notify(PROVEN_CHANNEL);
    });
    writing -= 1;
    await readAgain();
  };

  await read();
  await database.listen(PROVEN_CHANNEL, () => {
    isStale = true;
    void readAgain();
  });

  const isYoung = (provedAtMs: number | undefined, ms: number): boolean =>
    provedAtMs !== undefined && provedAtMs > clock.now() - ms;
  return {
    hash: (token) => createHmac("sha256", key).update(token.reveal()).digest("base64url"),
    isKnown: (hash, projectId) => {
      const projects = known.get(hash);
      return projectId === undefined
        ? (projects?.values().some((provedAtMs) => isYoung(provedAtMs, KEPT_MS)) ?? false)
        : isYoung(projects?.get(projectId), KEPT_MS);
    },
    keep: async (tokenHash, projectId) => {
      if (isYoung(known.get(tokenHash)?.get(projectId), WRITTEN_EVERY_MS)) return;
      const provedAt = clock.now();
      add(tokenHash, projectId, provedAt);
      await write(
        db
          .insertInto("provenTokens")
          .values({ tokenHash, projectId, provedAt })
          .onConflict((conflict) =>
            conflict
              .columns(["projectId", "tokenHash"])
              .doUpdateSet((eb) => ({ provedAt: eb.ref("excluded.provedAt") })),
          ),
      );
    },
    forget: async (hash, projectId) => {
      // What nobody knows costs the database nothing.
      if (!drop(hash, projectId)) return;
      await write(
        db
          .deleteFrom("provenTokens")
          .where("tokenHash", "=", hash)
          .$if(projectId !== null, (query) => query.where("projectId", "=", projectId)),
      );
    },
  };
};

/** Deletes what was proved long ago, and the oldest where there are too many. */
export const forgetOldProvenTokens = async (
  database: Sql,
  nowMs: number,
  most: number = MOST_KEPT,
): Promise<void> => {
  const beyond = await database.db
    .selectFrom("provenTokens")
    .select("provedAt")
    .orderBy("provedAt", "desc")
    .offset(most)
    .limit(1)
    .executeTakeFirst();
  const untilMs = Math.max(nowMs - KEPT_MS, beyond?.provedAt ?? 0);
  await deleteInPieces(database, { ...TABLE, where: sql`proved_at <= ${untilMs}` });
};

/** Deletes what is kept of projects, in the memory of every instance, too. */
export const forgetProvenTokensOf = async (database: Sql, projectIds: readonly number[]): Promise<void> => {
  await deleteInPieces(database, { ...TABLE, where: sql`project_id IN (${sql.join([...projectIds])})` });
  await database.notify(PROVEN_CHANNEL);
};
