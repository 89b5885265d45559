/**
 * The way in for a machine that has only Node 20 or newer and npm: installs what package-lock.json
 * pins (Node 26 among it) and tells where that Node is. Plain JavaScript, since Node 20 runs it.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
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
// Not `npm ci`: it refuses a lock file that lacks an optional package of some other platform.
export const install = () => {
  const wanted = lockHash();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.log("Installing packages ...");
  // Not `npm ci`: it refuses a lock file that lacks an optional package of some other platform.
  run(process.platform === "win32" ? "npm.cmd" : "npm", [
    "install",
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ]);
  writeFileSync(stamp, wanted);
};

/**
 * The path of a Node that runs our sources: the one that npm brought, else the one we run on when it
 * is new enough. Exits with what to do when there is neither.
 */
export const findNode = () => {
  const require = createRequire(import.meta.url);
  const platform = process.platform === "win32" ? "win" : process.platform;
  try {
    const folder = dirname(require.resolve(`node-${platform}-${process.arch}/package.json`));
    const node = join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
    if (existsSync(node)) return node;
  } catch {
    // npm brings no Node for this platform.
  }
  if (Number(process.versions.node.split(".")[0]) >= 26) return process.execPath;
  console.error(
    `Reviewflow needs Node 26; npm brings none for ${process.platform} ${process.arch}, and this is Node ${process.versions.node}. Install Node 26 and try again.`,
  );
  return process.exit(1);
};

/** The environment in which `node` and the packages' commands are the ones that npm brought. */
export const nodeEnvironment = (node) => {
  const separator = process.platform === "win32" ? ";" : ":";
  const path = [dirname(node), join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(separator);
  return { ...process.env, PATH: path };
};
