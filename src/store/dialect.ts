import { type RawBuilder, sql } from "kysely";
import type { Dialect } from "./database.ts";

/** The database's clock in milliseconds since the epoch, which is the same for all processes, as SQL. */
export const NOW: Readonly<Record<Dialect, string>> = {
  postgres: "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
  sqlite: "CAST(round(unixepoch('subsec') * 1000) AS integer)",
};

/** The database's clock, `afterMs` later. */
export const nowPlus = (dialect: Dialect, afterMs = 0): RawBuilder<number> =>
  sql<number>`${sql.raw(NOW[dialect])} + CAST(${Math.ceil(afterMs)} AS bigint)`;

/** Whether a column's text begins with `prefix`, letter for letter. */
export const startsWith = (column: string, prefix: string): RawBuilder<boolean> =>
  sql<boolean>`substr(${sql.ref(column)}, 1, CAST(${Array.from(prefix).length} AS integer)) = ${prefix}`;
