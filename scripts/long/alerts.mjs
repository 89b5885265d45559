/**
 * The part `alerts`: Prometheus' own promtool reads the alert rules and tries them on the series of their test file. Takes
 * promtool from the path or from Debian's package `prometheus`, which is unpacked and not installed: no server starts.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../bootstrap.mjs";

const RULES = join(root, "docs", "prometheus");

const must = (command, args, cwd) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0)
    throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? (stderr || stdout)}`);
  return `${stdout}${stderr}`;
};

const versionOf = (promtool) => {
  const { status, stdout, stderr } = spawnSync(promtool, ["--version"], { encoding: "utf8" });
  return status === 0 ? /version (\S+)/.exec(`${stdout}${stderr}`)?.[1] : undefined;
};

const bringPromtool = (folder) => {
  if (versionOf("promtool") !== undefined) return "promtool";
  const promtool = join(folder, "usr", "bin", "promtool");
  if (existsSync(promtool)) return promtool;
  mkdirSync(folder, { recursive: true });
  must("apt-get", ["download", "-qq", "prometheus"], folder);
  const [archive] = globSync("prometheus_*.deb", { cwd: folder });
  if (archive === undefined) throw new Error("apt-get brought no package prometheus");
  must("dpkg-deb", ["-x", archive, folder], folder);
  return promtool;
};

/** Checks the rules and runs their tests; by which promtool, and how many rules. */
export const verify = async ({ folder }) => {
  const promtool = bringPromtool(join(folder, "prometheus"));
  const checked = must(promtool, ["check", "rules", "reviewflow.rules.yml"], RULES);
  const rules = /(\d+) rules found/.exec(checked)?.[1];
  if (rules === undefined) throw new Error(`promtool found no rules: ${checked}`);
  must(promtool, ["test", "rules", "reviewflow.test.yml"], RULES);
  return `promtool ${versionOf(promtool)}: ${rules} rules, each raised by its series and by no other`;
};
