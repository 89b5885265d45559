import assert from "node:assert/strict";
import { after, test } from "node:test";
import { seedOf } from "../seeded.ts";
import { POSTGRES_MISSING, startPostgres } from "../store/postgres-server.ts";
import { chaos } from "./chaos.ts";

const postgres = await startPostgres();
after(() => postgres?.stop());

/** What the long tier asks for; see scripts/long/chaos.mjs. */
const minutes = Number(process.env["REVIEWFLOW_CHAOS_MINUTES"] ?? 0);

test(
  "three instances under kills, stalls, a failing database and wrong clocks: nothing acked is lost, nothing comes twice",
  { skip: postgres === null && POSTGRES_MISSING },
  async (context) => {
    const report = await chaos({
      seed: seedOf(context),
      forMs: minutes * 60_000,
      everyMs: minutes > 0 ? 800 : 400,
      isThorough: minutes > 0,
      postgres: postgres ?? assert.fail(),
      print: (line) => context.diagnostic(line),
    });
    const { lost, doubled, stuck, stored, acked, avoidable } = report;
    assert.deepEqual(
      { lost, doubled, stuck, avoidable, stored },
      { lost: [], doubled: [], stuck: [], avoidable: [], stored: acked },
    );
  },
);
