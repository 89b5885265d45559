import assert from "node:assert/strict";
import { after, test } from "node:test";
import { POSTGRES_MISSING, startPostgres } from "../store/postgres-server.ts";
import { openMovedPostgres, openMovedSqlite } from "./moved-databases.ts";
import { soak } from "./soak.ts";

const server = await startPostgres();
after(() => server?.stop());

/** What the long tier asks for more of; see scripts/long/soak.mjs. */
const countOf = (name: string, few: number): number => Number(process.env[name] ?? few);

for (const kind of ["PostgreSQL", "SQLite"] as const)
  test(
    `random outages of GitLab, the model, Dify and ${kind} over hours: every merge request is reviewed once`,
    { skip: kind === "PostgreSQL" && server === null && POSTGRES_MISSING },
    async (context) => {
      await using database =
        kind === "SQLite"
          ? await openMovedSqlite()
          : await openMovedPostgres(server ?? assert.fail("no server"));
      const outcome = await soak({
        seed: countOf("REVIEWFLOW_TEST_SEED", 10),
        mergeRequests: countOf("REVIEWFLOW_SOAK_MERGE_REQUESTS", 4),
        outages: countOf("REVIEWFLOW_SOAK_OUTAGES", 1),
        database,
        limitMs: 540_000,
        print: (line) => context.diagnostic(line),
      });
      context.diagnostic(
        `${outcome.hours.toFixed(1)} h, ${outcome.struck} calls struck, ${outcome.waited} runs waited`,
      );
    },
  );
