import { z } from "zod";
import type { Sql } from "./database.ts";
import { QUEUE_SCHEMA } from "./queue-schema.ts";

/**
 * The jobs to take next, in the order in which they are due to projects: a project gets its second run at
 * once only when every other that waits has its first, over all processes; among equals it is the turn of
 * the project that was served longest ago. Within a project the oldest goes first, and one of a singleton
 * key at a time. Under the claim lock.
 */
const NEXT = `
  WITH held AS (
    SELECT group_id, count(*) AS held FROM ${QUEUE_SCHEMA}.job
    WHERE name = 'review' AND state = 'active' GROUP BY group_id),
  due AS (
    SELECT DISTINCT ON (j.singleton_key) j.id, j.group_id, j.created_on FROM ${QUEUE_SCHEMA}.job j
    WHERE j.name = 'review' AND j.state < 'active' AND NOT j.blocked AND j.start_after <= now()
      AND NOT EXISTS (SELECT 1 FROM ${QUEUE_SCHEMA}.job a
        WHERE a.name = 'review' AND a.state = 'active' AND a.singleton_key = j.singleton_key)
    ORDER BY j.singleton_key, j.created_on, j.id),
  placed AS (
    SELECT due.id, due.group_id, due.created_on, coalesce(held.held, 0)
      + row_number() OVER (PARTITION BY due.group_id ORDER BY due.created_on, due.id) AS place
    FROM due LEFT JOIN held USING (group_id))
  SELECT placed.id FROM placed LEFT JOIN reviewflow.project_turns t ON t.project_id = placed.group_id::bigint
  WHERE placed.place <= $1
  ORDER BY placed.place, coalesce(t.turn, 0), placed.created_on, placed.id LIMIT $2`;

const Chosen = z.object({ id: z.string() });

/** Gives the jobs whose turn it is the priority 1 and takes it from all others; returns how many they are. */
export const favourNext = async (
  tx: Sql,
  { free, perProject }: { readonly free: number; readonly perProject: number },
): Promise<number> => {
  const chosen = z.array(Chosen).parse(await tx.query(NEXT, [perProject, free]));
  if (chosen.length === 0) return 0;
  await tx.query(
    `UPDATE ${QUEUE_SCHEMA}.job SET priority = CASE WHEN id = ANY($1::uuid[]) THEN 1 ELSE 0 END
     WHERE name = 'review' AND state < 'active' AND (id = ANY($1::uuid[]) OR priority > 0)`,
    [chosen.map(({ id }) => id)],
  );
  return chosen.length;
};

/** Notes that runs of these projects were just taken, in this order. Under the claim lock. */
export const noteTurns = async (tx: Sql, projectIds: readonly number[]): Promise<void> => {
  const distinct = [...new Set(projectIds)];
  if (distinct.length === 0) return;
  await tx.query(
    `INSERT INTO reviewflow.project_turns (project_id, turn)
     SELECT project_id, place + (SELECT coalesce(max(turn), 0) FROM reviewflow.project_turns)
     FROM unnest($1::bigint[]) WITH ORDINALITY AS served (project_id, place)
     ON CONFLICT (project_id) DO UPDATE SET turn = excluded.turn`,
    [distinct],
  );
};
