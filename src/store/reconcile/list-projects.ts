import { z } from "zod";
import type { Sql } from "../database.ts";
import { Whole } from "../schema.ts";

const Row = z.object({ id: Whole, path: z.string() });

/**
 * Every project that a delivery came from. Goes from project to project by the index, whatever the number of
 * deliveries; the path is the one that the newest merge request's last delivery named.
 */
export const listProjects = async (
  sql: Sql,
): Promise<readonly { readonly id: number; readonly path: string }[]> => {
  const rows = await sql.query(
    `WITH RECURSIVE known (id) AS (
       (SELECT min(project_id) FROM reviewflow.deliveries WHERE iid IS NOT NULL)
       UNION ALL
       SELECT (SELECT min(d.project_id) FROM reviewflow.deliveries d WHERE d.project_id > known.id)
         FROM known WHERE known.id IS NOT NULL)
     SELECT known.id, newest.project_path AS path FROM known, LATERAL (
       SELECT d.project_path FROM reviewflow.deliveries d
         WHERE d.project_id = known.id AND d.iid IS NOT NULL ORDER BY d.iid DESC, d.seq DESC LIMIT 1) AS newest
     WHERE newest.project_path IS NOT NULL`,
  );
  return z.array(Row).parse(rows);
};
