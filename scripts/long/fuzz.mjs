/**
 * The part `fuzz`: what is drawn at random in the tests of deliveries, configuration and publishing, with a seed after
 * another for as long as REVIEWFLOW_FUZZ_MINUTES says (12 minutes when left out, shared by all tests). A seed that
 * makes a test fail is in its message: `REVIEWFLOW_TEST_SEED=SEED node --test FILE` does it again.
 */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { root } from "../bootstrap.mjs";

const MINUTES = Number(process.env.REVIEWFLOW_FUZZ_MINUTES ?? 12);

const TESTS = {
  deliveries: ["test/http/delivery-fuzz.test.ts", "test/gitlab/parse-delivery.test.ts"],
  configuration: ["test/config/config-fuzz.test.ts", "test/review/rules/parse-repository-config.test.ts"],
  publishing: [
    "test/review/publish/fuzz.test.ts",
    "test/review/publish-security.test.ts",
    "test/gitlab/flow-request.test.ts",
  ],
};
const KINDS = Object.entries(TESTS);

/** Draws until the time is over, once at least; how often, and the last seed. */
const draw = (title, files) => {
  const end = Date.now() + (MINUTES * 60_000) / KINDS.length;
  let rounds = 0;
  let seed = 0;
  do {
    seed = randomInt(2 ** 31);
    console.log(`fuzz: ${title}: seed ${seed}`);
    const env = { ...process.env, REVIEWFLOW_TEST_SEED: String(seed) };
    const { status, stdout } = spawnSync(process.execPath, ["--test", ...files], {
      cwd: root,
      encoding: "utf8",
      env,
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status !== 0) throw new Error(`${title} failed with REVIEWFLOW_TEST_SEED=${seed}\n${stdout}`);
    rounds += 1;
  } while (Date.now() < end);
  return `${rounds} seeds, the last ${seed}`;
};

/** Draws for every kind of input; how often each. */
export const verify = async ({ step }) => {
  const facts = [];
  for (const [title, files] of KINDS) facts.push(`${title}: ${await step(title, () => draw(title, files))}`);
  return facts.join("; ");
};
