/**
 * `npm run verify:long [PART...]`: the checks that take long or need much, all of them or the named ones.
 * What a part has finished at a commit is kept in a folder of the system's temporary folder, so that a run
 * that was cut short goes on where it was. The outcome is printed, and written to docs/verification.md
 * with date and commit, unless something is not committed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { install, root, useNode } from "./bootstrap.mjs";

/** Each part's module has `verify({ folder, commit, step })`, which throws on failure and returns a sentence. */
const PARTS = new Map([
  ["debian", () => import("./long/debian.mjs")],
  ["kills", () => import("./long/kills.mjs")],
  ["alerts", () => import("./long/alerts.mjs")],
  ["fuzz", () => import("./long/fuzz.mjs")],
  ["soak", () => import("./long/soak.mjs")],
  ["deploy", () => import("./long/deploy.mjs")],
  ["chaos", () => import("./long/chaos.mjs")],
]);

const DOCUMENT = join(root, "docs", "verification.md");

const git = (...args) => {
  const { status, stdout, stderr } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`git ${args[0]} failed: ${stderr}`);
  return stdout.trim();
};

const readState = (file, commit) => {
  const state = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
  return state?.commit === commit ? state : { commit, steps: {} };
};

/** Runs a part's steps, those apart that were finished at this commit before; what they come to. */
const runPart = async (name, commit) => {
  const folder = join(tmpdir(), "reviewflow-verify-long", name);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "state.json");
  const state = readState(file, commit);
  const step = async (title, work) => {
    if (Object.hasOwn(state.steps, title)) {
      console.log(`${name}: ${title}: done before`);
      return state.steps[title];
    }
    console.log(`${name}: ${title} ...`);
    const started = Date.now();
    state.steps[title] = (await work()) ?? null;
    writeFileSync(file, JSON.stringify(state, null, 2));
    console.log(`${name}: ${title}: passed after ${Math.round((Date.now() - started) / 1_000)} s`);
    return state.steps[title];
  };
  const { verify } = await PARTS.get(name)();
  try {
    return { passed: true, text: await verify({ folder, commit, step }) };
  } catch (error) {
    console.error(error);
    return {
      passed: false,
      text:
        String(error)
          .split("\n")
          .find((line) => line.trim() !== "") ?? "",
    };
  }
};

const rowOf = (name) => `| \`${name}\` |`;

/** Puts the outcome into the document's table: a row a part, the newest outcome alone. */
const record = (name, row) => {
  const lines = readFileSync(DOCUMENT, "utf8").split("\n");
  const present = lines.findIndex((line) => line.startsWith(rowOf(name)));
  const head = lines.findIndex((line) => line.startsWith("| part |"));
  if (present === -1) lines.splice(head + 2, 0, row);
  else lines[present] = row;
  writeFileSync(DOCUMENT, lines.join("\n"));
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !PARTS.has(name));
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(", ")}; there are: ${[...PARTS.keys()].join(", ")}.`);
  process.exit(1);
}

install();
useNode(import.meta.url, { bring: true });

const commit = git("rev-parse", "HEAD");
const changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/verification.md");
const outcomes = [];
for (const name of wanted.length > 0 ? wanted : PARTS.keys()) {
  const { passed, text } = await runPart(name, commit);
  const date = new Date().toISOString().slice(0, 10);
  const row = `${rowOf(name)} ${date} | ${commit.slice(0, 12)} | ${passed ? "passed" : "failed"}: ${text} |`;
  outcomes.push({ passed, row });
  if (changed === "") record(name, row);
}
for (const { row } of outcomes) console.log(row);
if (changed !== "")
  console.log(`Not written to docs/verification.md, since this is not committed:\n${changed}`);
process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1;
