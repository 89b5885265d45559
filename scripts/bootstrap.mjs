/**
 * The way in for a machine that has only Node 20 or newer and npm: installs what package-lock.json
 * pins (Node 26 among it), finds a Node that runs our sources and hands over to it. Plain JavaScript,
 * since Node 20 runs it.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules", ".reviewflow-lock");

const lockHash = () =>
  createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");

/** Runs a command to its end with our own input and output; exits with its status when it fails. */
export const run = (command, args, env = process.env) => {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", env });
  if (error !== undefined) console.error(`${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
};

/** Installs the locked packages, unless that very lock file has been installed already. */
export const install = () => {
  const wanted = lockHash();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.log("Installing packages ...");
  // Not `npm ci`: it refuses a lock file that lacks an optional package of some other platform.
  run(process.platform === "win32" ? "npm.cmd" : "npm", [
    "install",
    "--no-save",
    // No package that runs needs one, and where npm's Node cannot start, a script fails the installation.
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ]);
  writeFileSync(stamp, wanted);
};

const apt = (...args) =>
  spawnSync("apt-get", args, { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } })
    .status === 0;

/** Whether the lists of Debian's packages were fetched in this process. */
let isUpdated = false;

/**
 * Installs Debian's packages of these names. False where that is not possible: not root, no apt-get, or
 * apt-get failed.
 */
export const installDebianPackages = (names) => {
  if (process.getuid?.() !== 0 || spawnSync("apt-get", ["--version"]).status !== 0) return false;
  console.log(`Installing Debian's ${names.join(", ")} ...`);
  isUpdated ||= apt("update", "-qq");
  return isUpdated && apt("install", "-y", "-qq", "--no-install-recommends", ...names);
};

/** Installs git from Debian's packages where it is missing and that is possible; whether git is there. */
export const bringGit = () => {
  const isThere = () => spawnSync("git", ["--version"]).status === 0;
  return isThere() || (installDebianPackages(["git"]) && isThere());
};

/** The package in which npm has a Node for this platform, if any. */
const broughtPackage = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;

/** The Node that npm brought; null where there is none. */
const findBroughtNode = () => {
  const require = createRequire(import.meta.url);
  try {
    const folder = dirname(require.resolve(`${broughtPackage}/package.json`));
    const node = join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
    return existsSync(node) ? node : null;
  } catch {
    return null;
  }
};

/** Why a Node cannot start, as the system says it; null when it can. */
const startProblem = (node) => {
  const { status, error, stderr } = spawnSync(node, ["--version"], { encoding: "utf8" });
  if (status === 0) return null;
  // The file is there: what the system does not find is the loader of glibc, which the file names.
  if (error?.code === "ENOENT") return "no-glibc";
  return error?.message ?? (stderr.trim().split("\n")[0] || `it ends with ${status ?? "a signal"}`);
};

const explain = (problem) => {
  if (problem === null) {
    const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const need = `Reviewflow needs Node 26, and this is Node ${process.versions.node}`;
    return Object.hasOwn(optionalDependencies, broughtPackage)
      ? `${need}: install its packages (npm install), which bring one, or Node 26.`
      : `${need}; npm brings none for ${process.platform} ${process.arch}: install Node 26 and try again.`;
  }
  const start = "Reviewflow needs Node 26, and the one that npm brought cannot start here";
  if (problem === "no-glibc")
    return `${start}, since it needs glibc, which this system does not have (Alpine and others with musl): install Node 26 from the system's packages (Alpine: apk add nodejs-current) or take a system with glibc, such as the image node:26-slim.`;
  if (problem.includes("libatomic.so.1"))
    return `${start} without libatomic.so.1: install the package libatomic1 (Debian, Ubuntu) or libatomic (Fedora), or Node 26, and try again.`;
  return `${start} (${problem}): install Node 26 and try again.`;
};

/**
 * The path of a Node that runs our sources: the one that npm brought where it can start, else the one
 * that we run on when it is new enough. With `bring`, a library that npm's Node lacks is installed from
 * Debian's packages where that is possible. Exits with one sentence on what to do when there is no such Node.
 */
export const findNode = ({ bring = false } = {}) => {
  const brought = findBroughtNode();
  let problem = brought === null ? null : startProblem(brought);
  if (bring && problem?.includes("libatomic.so.1") && installDebianPackages(["libatomic1"]))
    problem = startProblem(brought);
  if (brought !== null && problem === null) return brought;
  if (Number(process.versions.node.split(".")[0]) >= 26) return process.execPath;
  console.error(explain(problem));
  return process.exit(1);
};

/** The environment in which `node` and the packages' commands are the ones that npm brought. */
export const nodeEnvironment = (node) => {
  const separator = process.platform === "win32" ? ";" : ":";
  const path = [dirname(node), join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(separator);
  return { ...process.env, PATH: path };
};

/**
 * Goes on where we run on the Node that runs our sources (`findNode`); else runs the calling script again on
 * that one, with the same arguments, and exits as it did.
 */
export const useNode = (script, options) => {
  const node = findNode(options);
  if (realpathSync(node) === realpathSync(process.execPath)) return;
  run(node, [fileURLToPath(script), ...process.argv.slice(2)], nodeEnvironment(node));
  process.exit(0);
};

const PARENT_CHECK_MS = 500;

/**
 * Hands our own input and output over to `node` with these arguments: where Node can, it takes the place of this
 * process; else signals are passed on and we end as it ends.
 * npm stops a command by a signal to a shell between itself and us, which ends without passing it on: under
 * npm the end of our parent counts as SIGTERM, so that nothing is left behind.
 */
export const handOver = (node, args) => {
  const isUnderNpm = process.env.npm_node_execpath !== undefined;
  // In our place it needs nobody to pass signals on, and takes the memory of one Node, not of two.
  if (!isUnderNpm && process.platform !== "win32" && Number(process.versions.node.split(".")[0]) >= 26)
    process.execve(node, [node, ...args], nodeEnvironment(node));
  const child = spawn(node, args, { stdio: "inherit", env: nodeEnvironment(node) });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  const parent = process.ppid;
  const stopWithParent = () => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    child.kill("SIGTERM");
  };
  const timer = isUnderNpm ? setInterval(stopWithParent, PARENT_CHECK_MS) : undefined;
  child.on("error", (error) => {
    clearInterval(timer);
    console.error(`${node} could not be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    clearInterval(timer);
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
};
