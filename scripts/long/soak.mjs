/**
 * The part `soak`: merge requests under random outages of GitLab, the model, Dify and the database (PostgreSQL and
 * SQLite, one after the other) over hours of a clock that is moved on, with a seed after another for as long as
 * REVIEWFLOW_SOAK_MINUTES says (10 minutes when left out). Prints each merge request's states. A seed that fails is in
 * the message:
 * `REVIEWFLOW_TEST_SEED=SEED REVIEWFLOW_SOAK_MERGE_REQUESTS=12 REVIEWFLOW_SOAK_OUTAGES=8 node --test test/faults/soak.test.ts`
 * has the same outages again. Needs PostgreSQL.
 */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { root } from "../bootstrap.mjs";

const MINUTES = Number(process.env.REVIEWFLOW_SOAK_MINUTES ?? 10);
const MEASURE = { REVIEWFLOW_SOAK_MERGE_REQUESTS: "12", REVIEWFLOW_SOAK_OUTAGES: "8" };

/** One soak; the sentence that it ends with. */
const soakOnce = (seed) => {
  console.log(`soak: seed ${seed}`);
  const env = { ...process.env, ...MEASURE, CI: "true", REVIEWFLOW_TEST_SEED: String(seed) };
  const { status, stdout } = spawnSync(
    process.execPath,
    ["--test", "--test-timeout=1200000", "test/faults/soak.test.ts"],
    { cwd: root, encoding: "utf8", env, maxBuffer: 64 * 1024 * 1024 },
  );
  console.log(stdout);
  const outcomes = stdout.match(/[\d.]+ h, \d+ calls struck, \d+ runs waited/g) ?? [];
  if (status !== 0 || outcomes.length !== 2)
    throw new Error(`the soak failed with REVIEWFLOW_TEST_SEED=${seed}\n${stdout}`);
  return outcomes.join("; ");
};

/** Draws until the time is over, once at least; how often, and the last seed with what it came to. */
export const verify = async ({ step }) =>
  step("random outages", () => {
    const end = Date.now() + MINUTES * 60_000;
    let rounds = 0;
    let last = "";
    do {
      const seed = randomInt(2 ** 31);
      last = `${seed}: ${soakOnce(seed)}`;
      rounds += 1;
    } while (Date.now() < end);
    return `${rounds} seeds, the last ${last}`;
  });
