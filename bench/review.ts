import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { startGitLabStandIn } from "../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../standins/model/model-stand-in.ts";
import { scriptedReviewer } from "../standins/model/scripted-reviewer.ts";
import { startServerProcess } from "../test/e2e/server-process.ts";
import { setUpEmbedded } from "../test/e2e/start-embedded.ts";
import { SECRET } from "../test/e2e/start.ts";
import { addHook, createTeam, eventually } from "../test/e2e/team.ts";

/**
 * One review after the other by the shipped flow, on merge requests of growing size, with the server in a process of its
 * own: `node bench/review.ts [CHECKOUT ...]`. How long it takes from the event to the published review beyond the time
 * in which at least one answer of the model was waited for, how many calls of GitLab it makes, and how much processor
 * time the server takes with all its threads (user and system, as Linux counts it). A checkout with its packages that
 * is named is measured beside this one, in turn. Every file has one mistake that the scripted model finds, up to the
 * limit of ten threads.
 */

/** Files and lines of each. */
const SIZES = [
  [1, 3],
  [5, 3],
  [20, 3],
  [100, 3],
  [5, 600],
  [30, 100],
] as const;

/** Reviews of each size; what is printed is their median. */
const ROUNDS = 3;

/** How long the model takes for each answer, in milliseconds. */
const MODEL_MS = 1_000;

/** How long GitLab is not called any more when a review is over, in milliseconds. */
const QUIET_MS = 1_000;

const HERE = join(import.meta.dirname, "..");

const program = (name: string, lines: number): string =>
  `export const ${name} = (list) => {\n  for (let i = 0; i <= list.length; i++) console.log(list[i]);\n};\n` +
  Array.from(
    { length: lines - 3 },
    (_, index) => `export const ${name}Value${index} = combine(${name}, "${name} ${index}", ${index * 7});\n`,
  ).join("");

/** The time in which at least one of the spans was open. */
const covered = (spans: readonly (readonly [number, number])[]): number => {
  let sum = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const [start, end] of spans.toSorted(([a], [b]) => a - b)) {
    sum += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return sum;
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Linux's clock ticks a second, in which it counts processor time. */
const TICKS = 100;

/** The processor time of a process with its threads and those of its children that have ended, in milliseconds. */
const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return (fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0) / TICKS) * 1_000;
};

type Review = {
  readonly tookMs: number;
  readonly modelMs: number;
  readonly calls: number;
  readonly cpuMs: number;
};

/** A server of a checkout with a GitLab and a model of its own. */
const startBench = async (checkout: string) => {
  await using started = new AsyncDisposableStack();
  let spans: (readonly [number, number])[] = [];
  const gitlab = started.use(await startGitLabStandIn());
  const model = started.use(
    await startModelStandIn({
      script: async (request) => {
        const start = performance.now();
        await new Promise((resolve) => setTimeout(resolve, MODEL_MS));
        const answer = scriptedReviewer(request);
        spans.push([start, performance.now()]);
        return answer;
      },
    }),
  );
  const team = await createTeam(gitlab);
  const setup = started.use(
    await setUpEmbedded(team, model, {
      flows: [{ name: "review", file: "builtin:review" }],
      reconcile: { enabled: false },
    }),
  );
  const server = await startServerProcess(
    { ...setup.environment, NODE_OPTIONS: process.env["SERVER_NODE_OPTIONS"] },
    { args: ["--config", setup.configFile], checkout },
  );
  started.defer(async () => void (await server.stop()));
  await addHook(team, { url: `${server.url}/webhooks/gitlab`, token: SECRET });

  /** The requests once there was none for a while after the review was published. */
  const untilQuiet = async () => {
    let seen = 0;
    return eventually("the review to end", async () => {
      const { requests } = gitlab;
      const isQuiet = requests.length === seen && performance.now() - lastAt > QUIET_MS;
      if (requests.length !== seen) lastAt = performance.now();
      seen = requests.length;
      return isQuiet && requests.some(({ path }) => path.endsWith("/bulk_publish")) ? requests : undefined;
    });
  };
  let lastAt = 0;
  let reviews = 0;
  const review = async (files: number, lines: number): Promise<Review> => {
    reviews += 1;
    const branch = `topic-${reviews}`;
    await gitlab.push(team.project, {
      branch,
      user: team.author,
      actions: Array.from({ length: files }, (_, index) => ({
        action: "write" as const,
        path: `src/${branch}/part${index}.js`,
        content: program(`part${index}`, lines),
      })),
    });
    spans = [];
    gitlab.clearRequests();
    const cpuBefore = cpuMs(server.pid);
    const startedAt = performance.now();
    await gitlab.openMergeRequest(team.project, { author: team.author, sourceBranch: branch, title: branch });
    const requests = await untilQuiet();
    return {
      tookMs: lastAt - startedAt,
      modelMs: covered(spans),
      calls: requests.length,
      cpuMs: cpuMs(server.pid) - cpuBefore,
    };
  };
  const running = started.move();
  return { review, [Symbol.asyncDispose]: () => running.disposeAsync() };
};

console.log(
  `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; a model that takes ${MODEL_MS} ms for an answer, one mistake in each file`,
);
await using stack = new AsyncDisposableStack();
const benches = [];
for (const checkout of [HERE, ...process.argv.slice(2).map((each) => resolve(each))])
  benches.push(stack.use(await startBench(checkout)));
// The first one warms up what a server that has run for a while has ready.
for (const { review } of benches) await review(1, 3);
for (const [files, lines] of SIZES) {
  const reviews: Review[][] = benches.map(() => []);
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [index, { review }] of benches.entries()) reviews[index]?.push(await review(files, lines));
  for (const [index, each] of reviews.entries()) {
    const of = (read: (review: Review) => number): number => median(each.map(read));
    console.log(
      `${index === 0 ? "here" : process.argv[index + 1]}: ${files} files of ${lines} lines: ` +
        `${of((one) => one.tookMs).toFixed(0)} ms from event to review, ${of((one) => one.tookMs / one.modelMs).toFixed(2)} of the model's time; ` +
        `${of((one) => one.calls)} calls of GitLab; ${of((one) => one.cpuMs).toFixed(0)} ms of processor time`,
    );
  }
}
