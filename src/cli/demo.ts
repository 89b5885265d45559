import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClassicApp } from "../../standins/dify/classic-program.ts";
import { type DifyStandIn, startDifyStandIn } from "../../standins/dify/dify-stand-in.ts";
import { systemClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { type Reviewflow, startReviewflow } from "../main.ts";
import type { Run } from "../store/store.ts";
import { type DemoMergeRequest, type DemoTeam, startDemoTeam } from "./demo-team.ts";
import { readConfig } from "./read-config.ts";

const API_KEY = "app-demo";

/** How long the story waits for its review. */
const PATIENCE_MS = 60_000;

const say = (text: string): void => console.log(text);

/**
 * The main job from end to end, on this machine and without a key: a merge request on a GitLab stand-in
 * (over a real git repository), its webhook, the classic flow on a Dify stand-in with a scripted model,
 * and the note that came of it. Everything between the stand-ins is the product as it is.
 */
export const demo = async (): Promise<void> => {
  say("Reviewflow demo. GitLab and Dify are stand-ins on this machine; the model is scripted.\n");
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-demo-"));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const team = started.use(await startDemoTeam());
  const dify = started.use(await startDifyStandIn({ apps: [await createClassicApp(API_KEY)] }));
  const secret = randomBytes(16).toString("hex");
  const reviewflow = started.use(await startDemoServer(team, dify, secret, folder));
  await team.addHook(`${reviewflow.url}/webhooks/gitlab`, secret);
  say(
    `1. GitLab (stand-in) at ${team.gitlab.url} has the project ${team.projectPath} with a webhook to ${reviewflow.url}/webhooks/gitlab.`,
  );
  const mergeRequest = await team.openMergeRequest();
  say(`2. A trainee opens the merge request !${mergeRequest.iid} "${mergeRequest.title}".`);
  await tellReview(team, reviewflow, dify, mergeRequest);
};

const startDemoServer = (
  team: DemoTeam,
  dify: DifyStandIn,
  secret: string,
  folder: string,
): Promise<Reviewflow> =>
  startReviewflow(
    readConfig(
      {
        GITLAB_URL: team.gitlab.url,
        GITLAB_TOKEN: team.token,
        WEBHOOK_SECRET: secret,
        DIFY_URL: dify.url,
        DIFY_API_KEY: API_KEY,
        REVIEWFLOW_DATA_DIR: join(folder, "store"),
        REVIEWFLOW_PORT: "0",
        REVIEWFLOW_LANGUAGE: process.env["REVIEWFLOW_LANGUAGE"] ?? "English",
      },
      null,
    ),
    { logger: silentLogger },
  );

const tellReview = async (
  team: DemoTeam,
  { store }: Reviewflow,
  dify: DifyStandIn,
  mergeRequest: DemoMergeRequest,
): Promise<void> => {
  const run = await waitForEnd(async () => (await store.listRuns({ limit: 1 })).at(0));
  await team.gitlab.settleHooks();
  const [delivery] = mergeRequest.deliveries();
  say(
    `3. GitLab delivers the event; Reviewflow has stored it and answered ${delivery?.status ?? "nothing"} after ${delivery?.elapsedMs ?? 0} ms.`,
  );
  const tookMs = (run.finishedAtMs ?? 0) - (run.startedAtMs ?? 0);
  say(
    `4. The flow "${run.flow}" (flows/classic.yml) ran on Dify (stand-in): ${run.state} after ${tookMs} ms${run.reason === null ? "" : `, ${run.reason}`}.`,
  );
  await mergeRequest.resend();
  say(
    `5. GitLab sends the same event again: answered ${mergeRequest.deliveries().at(-1)?.status ?? "nothing"}, and there ${dify.runs().length === 1 ? "is still one run" : `are ${dify.runs().length} runs`}.`,
  );
  const notes = await mergeRequest.notes();
  say(`6. ${mergeRequest.webUrl} now has ${notes.length === 1 ? "this note" : `${notes.length} notes`}:\n`);
  for (const note of notes) say(note.replace(/^/gm, "   | "));
  say("\nTo review your own merge requests, see README.md: it takes GitLab's address, a token and a flow.");
  if (run.state !== "succeeded" || notes.length !== 1)
    throw new Error("The demo did not end with one note; this is a defect");
};

const waitForEnd = async (look: () => Promise<Run | undefined>): Promise<Run> => {
  const deadline = systemClock.now() + PATIENCE_MS;
  for (;;) {
    const run = await look();
    if (run !== undefined && run.finishedAtMs !== null) return run;
    if (systemClock.now() > deadline)
      throw new Error("The demo's review did not end in time; this is a defect");
    await systemClock.sleep(100);
  }
};
