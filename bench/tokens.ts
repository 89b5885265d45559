/**
 * `node bench/tokens.ts`: what a review takes in tokens, by the size of the change. The shipped flow reviews
 * the newest commits of this repository; the model stand-in counts a token for every four letters.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startModelStandIn } from "../standins/model/model-stand-in.ts";
import { runReview } from "../src/cli/review.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const git = (...parameters: readonly string[]): string =>
  execFileSync("git", parameters, { cwd: ROOT, encoding: "utf8" }).trim();

const SIZES = [
  [20, 50],
  [50, 150],
  [150, 400],
  [400, 1_200],
] as const;

const middle = (numbers: readonly number[]): number =>
  numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? 0;

await using model = await startModelStandIn();
const environment = { ...process.env, MODEL_NAME: "stand-in", MODEL_BASE_URL: model.url };
const measured: { readonly lines: number; readonly read: number; readonly written: number }[] = [];
for (const commit of git("log", "--format=%h", "--no-merges", "-n", "60").split("\n")) {
  const counts = git("show", "--shortstat", "--format=", commit).matchAll(/(\d+) (?:insertion|deletion)/g);
  const lines = [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  if (lines < 20 || lines >= 1_200) continue;
  let told = "";
  const complain = (text: string): void => void (told += text);
  await runReview(`${commit}~..${commit}`, { folder: ROOT, environment, write: () => undefined, complain });
  const [, read = "", written = ""] = /tokens \(([\d,]+) \w+, ([\d,]+) \w+\)/.exec(told) ?? [];
  if (read === "") continue;
  const [inputs, outputs] = [read, written].map((text) => Number(text.replaceAll(",", "")));
  measured.push({ lines, read: inputs ?? 0, written: outputs ?? 0 });
}
for (const [from, to] of SIZES) {
  const some = measured.filter(({ lines }) => lines >= from && lines < to);
  console.log(
    `${from} to ${to} changed lines: ${some.length} commits, ${middle(some.map(({ lines }) => lines))} lines, ` +
      `${middle(some.map(({ read }) => read))} tokens read, ${middle(some.map(({ written }) => written))} written (medians)`,
  );
}
