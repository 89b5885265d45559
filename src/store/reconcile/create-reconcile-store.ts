import type { Sql } from "../database.ts";
import { beginTurn } from "./begin-turn.ts";
import { listProjects } from "./list-projects.ts";
import { readLastRuns } from "./read-last-runs.ts";
import { readStandings } from "./read-standings.ts";
import type { ReconcileStore } from "./reconcile-store.ts";

/** What is asked of the database to find out what was missed. */
export const createReconcileStore = (sql: Sql): ReconcileStore => ({
  beginTurn: (name, times) => beginTurn(sql, name, times),
  readStandings: (heads) => readStandings(sql, heads),
  readLastRuns: (heads, trigger) => readLastRuns(sql, heads, trigger),
  listProjects: () => listProjects(sql),
});
