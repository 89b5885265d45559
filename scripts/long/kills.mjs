/**
 * The part `kills`: the crash suite in its long form. Processes are killed (SIGKILL) at some 30 points each, on SQLite and
 * with three instances on PostgreSQL, and one of three instances is stopped before every kind of write. Needs PostgreSQL.
 */
import { spawnSync } from "node:child_process";
import { root } from "../bootstrap.mjs";

const LIVES = "32";

/** What tells how far a test went, and by which seed it can be done again. */
const FACTS = /^ℹ (?:seed \d+|\d+ kills.*)/gm;

const TESTS = [
  ["the store on SQLite", "test/store/crash-sqlite.test.ts"],
  ["the store on PostgreSQL", "test/store/crash-postgres.test.ts"],
  ["a server on SQLite", "test/e2e/kill-sqlite.test.ts"],
  ["three instances on PostgreSQL", "test/e2e/kill-instances.test.ts"],
  ["a stop before every kind of write", "test/e2e/stop-at-write.test.ts"],
];

const check = (file) => {
  const env = { ...process.env, CI: "true", REVIEWFLOW_KILL_LIVES: LIVES, REVIEWFLOW_STOP_KINDS: "all" };
  const { status, stdout } = spawnSync(process.execPath, ["--test", file], {
    cwd: root,
    encoding: "utf8",
    env,
  });
  if (status !== 0) throw new Error(`${file} failed\n${stdout}`);
  return [...stdout.matchAll(FACTS)].map(([fact]) => fact.slice(2)).join(", ");
};

/** Runs every test in its long form; how far each went. */
export const verify = async ({ step }) => {
  const facts = [];
  for (const [title, file] of TESTS) facts.push(`${title}: ${await step(title, () => check(file))}`);
  return facts.join("; ");
};
