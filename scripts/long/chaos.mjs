/**
 * The part `chaos`: three servers on one PostgreSQL under load, each with a clock of its own, that are killed, stand still
 * past their leases and before writes, and are restarted, while the database is restarted, falls silent and drops
 * connections, for as long as REVIEWFLOW_CHAOS_MINUTES says (8 when left out; some more until all is done). The order is
 * drawn by a seed, which REVIEWFLOW_TEST_SEED sets. Prints what was acked, reviewed, doubled and paid twice. Needs PostgreSQL.
 */
import { spawnSync } from "node:child_process";
import { root } from "../bootstrap.mjs";

const MINUTES = process.env.REVIEWFLOW_CHAOS_MINUTES ?? "8";

/** What tells how far it went, and by which seed it can be done again. */
const FACTS = /^ℹ (?:(seed \d+)|\| (.+) \| (\d+) \|$)/gm;

/** Runs it once; the table in a sentence. */
export const verify = async ({ step }) =>
  step("three instances on PostgreSQL", () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      ["--test", "--test-timeout=3600000", "test/faults/chaos.test.ts"],
      {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, CI: "true", REVIEWFLOW_CHAOS_MINUTES: MINUTES },
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    console.log(stdout);
    if (status !== 0) throw new Error("the chaos failed; its seed stands above");
    return [...stdout.matchAll(FACTS)].map(([, seed, what, count]) => seed ?? `${what} ${count}`).join(", ");
  });
