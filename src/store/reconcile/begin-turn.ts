import { randomUUID } from "node:crypto";
import { z } from "zod";
import { Json, parseJson } from "../../base/json.ts";
import type { Sql } from "../database.ts";
import { NOW, RELEASED } from "../lease.ts";
import type { ReconcileStore, Turn } from "./reconcile-store.ts";

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
    `INSERT INTO reviewflow.tasks AS t (name, claim_id, held_until) VALUES ($1, $2, ${NOW} + $3)
     ON CONFLICT (name) DO UPDATE SET claim_id = excluded.claim_id, held_until = excluded.held_until
       WHERE t.held_until <= ${NOW} AND t.ended_at <= ${NOW} - $4
     RETURNING t.state`,
    [name, holder, leaseMs, pauseMs],
  );
  const [taken] = z.array(Taken).parse(rows);
  if (taken !== undefined) return { kind: "begun", turn: toTurn(sql, name, holder, leaseMs, taken.state) };
  const held = await sql.query(`SELECT held_until > ${NOW} AS busy FROM reviewflow.tasks WHERE name = $1`, [
    name,
  ]);
  return { kind: z.array(Busy).parse(held)[0]?.busy === true ? "busy" : "early" };
};

const toTurn = (sql: Sql, name: string, holder: string, leaseMs: number, state: string): Turn => ({
  state: Json.parse(parseJson(state) ?? null),
  save: async (next) => {
    const rows = await sql.query(
      `UPDATE reviewflow.tasks SET state = $3, held_until = ${NOW} + $4
       WHERE name = $1 AND claim_id = $2 RETURNING 1`,
      [name, holder, JSON.stringify(next), leaseMs],
    );
    return rows.length > 0;
  },
  end: async () => {
    await sql.query(
      `UPDATE reviewflow.tasks SET ${RELEASED}, ended_at = ${NOW} WHERE name = $1 AND claim_id = $2`,
      [name, holder],
    );
  },
});
