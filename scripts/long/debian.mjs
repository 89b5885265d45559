/**
 * The part `debian`: a minimal Debian (debootstrap) with npm's Node 20 and npm and nothing else of ours.
 * README's commands lead to the first review there, in five at most; where something is missing that cannot
 * be brought, one sentence says so. Needs root and Debian, whose mirror it takes from /etc/apt.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../bootstrap.mjs";
import { makeBase, must, run, runIn, show } from "./system.mjs";

const MOST_COMMANDS = 5;
/** What a review on the stand-ins ends with. */
const REVIEWED = /Reviewed commit [0-9a-f]{12}/;

/** A copy of the minimal system with the commit in /srv/reviewflow, which the newcomer owns. */
const makeSystem = (base, folder, name, commit) => {
  const system = join(folder, name);
  rmSync(system, { recursive: true, force: true });
  must("cp", "-a", "--reflink=auto", base, system);
  const place = join(system, "srv/reviewflow");
  mkdirSync(place, { recursive: true });
  must("sh", "-c", `git -C '${root}' archive ${commit} | tar -x -C '${place}'`);
  must("chroot", system, "chown", "-R", "newcomer:", "/srv/reviewflow");
  return system;
};

const hasPackage = (system, name) =>
  run("chroot", [system, "dpkg-query", "-W", "-f", "${Status}", name]).stdout === "install ok installed";

/** README's commands to the first review: the block with the quickstart, in a checkout that is there. */
const readmeCommands = (system) => {
  const readme = readFileSync(join(system, "srv/reviewflow/README.md"), "utf8");
  const blocks = [...readme.matchAll(/```\w*\n([\s\S]*?)```/g)].map(([, code]) => code.trim().split("\n"));
  const block = blocks.find((lines) => lines.some((line) => line.includes("npm run quickstart"))) ?? [];
  return block.filter((line) => !/^\s*(#|git clone|cd )/.test(line) && line.trim() !== "");
};

/** The one line that a refusal ends with; a stack in it is a failure. */
const sentenceOf = (ended) => {
  assert.notEqual(ended.status, 0, show(ended));
  assert.doesNotMatch(ended.stderr, /^\s+at .*:\d+/m, show(ended));
  const lines = ended.stderr.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("npm "));
  assert.equal(lines.length, 1, show(ended));
  return lines[0];
};

/** Runs a line in a system's checkout. */
const runInCheckout = (system, line, user = "root") =>
  runIn(system, line, { user: `${user}:${user}`, folder: "/srv/reviewflow" });

export const verify = async ({ folder, commit, step }) => {
  if (process.getuid?.() !== 0) throw new Error("the part debian needs root");
  const base = makeBase(folder);
  const count = await step("README's commands as root", () => {
    const system = makeSystem(base, folder, "as-root", commit);
    for (const name of ["libatomic1", "git", "ca-certificates"]) assert.ok(!hasPackage(system, name), name);
    const commands = readmeCommands(system);
    assert.ok(commands.length > 0, "README has no block with npm run quickstart");
    for (const [index, command] of commands.entries()) {
      const ended = runInCheckout(system, command);
      assert.equal(ended.status, 0, show(ended));
      // The copy of the checkout was the first.
      if (REVIEWED.test(ended.stdout)) return index + 2;
    }
    throw new Error("README's commands lead to no review");
  });
  assert.ok(count <= MOST_COMMANDS, `README needs ${count} commands to the first review`);

  const packaged = "/opt/reviewflow/node_modules/.bin/reviewflow";
  await step("without libatomic", () => {
    const system = makeSystem(base, folder, "as-newcomer", commit);
    const install = runInCheckout(system, "npm install --omit=dev", "newcomer");
    assert.equal(install.status, 0, show(install));
    const commands = ["npm run --silent quickstart", "npx reviewflow review", "npx reviewflow serve"];
    for (const line of [...commands, "npm run --silent quickstart"])
      assert.match(sentenceOf(runInCheckout(system, line, "newcomer")), /libatomic1/);
    must("npm", "pack", "--silent", "--pack-destination", join(system, "tmp"), root);
    const prefix = "/opt/reviewflow --no-audit --no-fund";
    const packageInstall = runInCheckout(system, `npm install --prefix ${prefix} /tmp/reviewflow-*.tgz`);
    assert.equal(packageInstall.status, 0, show(packageInstall));
    // Also as root only the quickstart and verify change the system.
    for (const line of ["npx reviewflow review", "npx reviewflow serve", `${packaged} serve`])
      assert.match(sentenceOf(runInCheckout(system, line)), /libatomic1/);
    assert.ok(!hasPackage(system, "libatomic1"));
  });

  await step("without git", () => {
    const system = join(folder, "as-newcomer");
    must("chroot", system, "apt-get", "update", "-qq");
    must("chroot", system, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "libatomic1");
    const model = "MODEL_NAME=m MODEL_BASE_URL=http://127.0.0.1:9/v1";
    for (const line of [
      "npm run --silent quickstart",
      "npx reviewflow demo",
      `${model} npx reviewflow review`,
    ])
      assert.match(
        sentenceOf(runInCheckout(system, line, "newcomer")),
        /^git is missing: .*apt-get install git/,
      );
  });

  await step("with both, as a package", () => {
    const system = join(folder, "as-newcomer");
    must("chroot", system, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "git");
    const ended = runInCheckout(system, `${packaged} demo`, "newcomer");
    assert.equal(ended.status, 0, show(ended));
    assert.match(ended.stdout, REVIEWED);
  });
  return `${count} commands to the first review as root; one sentence without libatomic or without git; the package of npm pack runs`;
};
