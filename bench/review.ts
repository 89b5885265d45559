import { availableParallelism, totalmem } from "node:os";
import { startGitLabStandIn } from "../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../standins/model/model-stand-in.ts";
import { scriptedReviewer } from "../standins/model/scripted-reviewer.ts";
import { setUpEmbedded, startEmbedded } from "../test/e2e/start-embedded.ts";
import { SECRET } from "../test/e2e/start.ts";
import { addHook, createTeam, eventually } from "../test/e2e/team.ts";

/**
 * One review after the other by the shipped flow, on merge requests of growing size: how long it takes from
 * the event to the published review beyond the time in which at least one answer of the model was waited
 * for, and how many calls of GitLab it makes. Every file has one mistake that the scripted model finds,
 * up to the limit of ten threads.
 */

const SIZES = [1, 5, 20, 100];

/** How long the model takes for each answer, in milliseconds. */
const MODEL_MS = 1_000;

const program = (name: string): string =>
  `export const ${name} = (list) => {\n  for (let i = 0; i <= list.length; i++) console.log(list[i]);\n};\n`;

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

let lastId = "";
let spans: (readonly [number, number])[] = [];

await using gitlab = await startGitLabStandIn();
await using model = await startModelStandIn({
  script: async (request) => {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, MODEL_MS));
    const answer = scriptedReviewer(request);
    spans.push([start, performance.now()]);
    return answer;
  },
});
const team = await createTeam(gitlab);
await using setup = await setUpEmbedded(team, model, {
  flows: [{ name: "review", file: "builtin:review" }],
  reconcile: { enabled: false },
});
await using reviewflow = await startEmbedded(setup);
await addHook(team, { url: `${reviewflow.url}/webhooks/gitlab`, token: SECRET });

const review = async (size: number, turn: number): Promise<void> => {
  const branch = `topic-${size}-${turn}`;
  await gitlab.push(team.project, {
    branch,
    user: team.author,
    actions: Array.from({ length: size }, (_, index) => ({
      action: "write" as const,
      path: `src/${branch}/part${index}.js`,
      content: program(`part${index}`),
    })),
  });
  spans = [];
  gitlab.clearRequests();
  const startedAt = performance.now();
  await gitlab.openMergeRequest(team.project, { author: team.author, sourceBranch: branch, title: branch });
  const run = await eventually("the review to end", async () => {
    const [newest] = await reviewflow.store.listRuns({ limit: 1 });
    return newest !== undefined && newest.id !== lastId && newest.finishedAtMs !== null ? newest : undefined;
  });
  lastId = run.id;
  const tookMs = performance.now() - startedAt;
  if (turn === 0) return;
  const modelMs = covered(spans);
  const calls = gitlab.requests.length;
  console.log(
    `${String(size).padStart(4)} files: ${run.state}, ${tookMs.toFixed(0)} ms from event to review, model ${modelMs.toFixed(0)} ms, ` +
      `beyond it ${(tookMs - modelMs).toFixed(0)} ms (${(tookMs / modelMs).toFixed(2)} of the model's time); ${calls} calls of GitLab`,
  );
};

console.log(
  `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; a model that takes ${MODEL_MS} ms for an answer, one mistake in each file`,
);
// The first one warms up what a server that has run for a while has ready.
await review(1, 0);
for (const size of SIZES) await review(size, 1);
