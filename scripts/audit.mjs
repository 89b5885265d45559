/**
 * `npm run audit`: asks the registry for known weaknesses of what is installed. Each must be mended or be
 * argued for in `docs/audit.json` (advisory → why it does not matter here). A registry that keeps no
 * advisories, or cannot be reached, is named and fails nothing: whether a change may land must not hang on it.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./bootstrap.mjs";

const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const { stdout } = spawnSync(npm, ["audit", "--json"], { cwd: root, encoding: "utf8", timeout: 120_000 });

const read = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
};

const answer = read(stdout ?? "");
if (answer.vulnerabilities === undefined) {
  console.log(`npm audit: the registry was no help (${answer.message?.split(" - ")[0] ?? "no answer"}).`);
  process.exit(0);
}
const argued = read(readFileSync(join(root, "docs", "audit.json"), "utf8"));
const advisories = new Map(
  Object.values(answer.vulnerabilities)
    .flatMap(({ via }) => via)
    .filter((one) => typeof one === "object")
    .map(({ url, title, name }) => [url, `${name}: ${title} (${url})`]),
);
const open = [...advisories].filter(([url]) => argued[url] === undefined).map(([, text]) => text);
const idle = Object.keys(argued).filter((url) => !advisories.has(url));
for (const text of open) console.error(`npm audit: ${text}`);
for (const url of idle)
  console.error(`npm audit: docs/audit.json argues for ${url}, which is no longer there`);
if (open.length + idle.length > 0) process.exit(1);
console.log(`npm audit: nothing open, ${advisories.size} argued for in docs/audit.json.`);
