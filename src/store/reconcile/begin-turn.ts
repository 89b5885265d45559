import { randomUUID } from "node:crypto";
import { z } from "zod";
import { Json, parseJson } from "../../base/json.ts";
import type { Sql } from "../database.ts";
import type { ReconcileStore, Turn } from "./reconcile-store.ts";

/** The database's clock, which is the same for all processes. */
const NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

const Taken = z.object({ state: z.string() });
const Busy = z.object({ busy: z.boolean() });

/** Takes a turn; see ReconcileStore.beginTurn. */
export const beginTurn = async (
  sql: Sql,
  name: string,
  { leaseMs, pauseMs }: Parameters<ReconcileStore["beginTurn"]>[1],
): ReturnType<ReconcileStore["beginTurn"]> => {
  const holder = randomUUID();
  const rows = await sql.query(
    `INSERT INTO reviewflow.turns AS t (name, holder, held_until) VALUES ($1, $2, ${NOW} + $3)
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
       WHERE t.held_until <= ${NOW} AND t.ended_at <= ${NOW} - $4
     RETURNING t.state`,
    [name, holder, leaseMs, pauseMs],
  );
  const [taken] = z.array(Taken).parse(rows);
  if (taken !== undefined) return { kind: "begun", turn: toTurn(sql, name, holder, leaseMs, taken.state) };
  const held = await sql.query(`SELECT held_until > ${NOW} AS busy FROM reviewflow.turns WHERE name = $1`, [
    name,
  ]);
  return { kind: z.array(Busy).parse(held)[0]?.busy === true ? "busy" : "early" };
};

const toTurn = (sql: Sql, name: string, holder: string, leaseMs: number, state: string): Turn => ({
  state: Json.parse(parseJson(state) ?? null),
  save: async (next) => {
    const rows = await sql.query(
      `UPDATE reviewflow.turns SET state = $3, held_until = ${NOW} + $4
       WHERE name = $1 AND holder = $2 RETURNING 1`,
      [name, holder, JSON.stringify(next), leaseMs],
    );
    return rows.length > 0;
  },
  end: async () => {
    await sql.query(
      `UPDATE reviewflow.turns SET holder = NULL, held_until = 0, ended_at = ${NOW}
       WHERE name = $1 AND holder = $2`,
      [name, holder],
    );
  },
});

/** Frees every turn: for a database whose only process has just started, so that nobody is at anything. */
export const freeTurns = async (sql: Sql): Promise<void> => {
  await sql.query("UPDATE reviewflow.turns SET holder = NULL, held_until = 0");
};
