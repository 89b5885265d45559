import { systemClock } from "../../base/clock.ts";
import type { Run, Store } from "../../store/store.ts";
import { CART, HELLO } from "./changes.ts";
import type { DemoChange, DemoMergeRequest } from "./observed-merge-request.ts";
import type { DemoTeam } from "./team.ts";

/** Where the story is told, and to whom. */
export type Stage = {
  readonly team: DemoTeam;
  readonly store: Store;
  readonly say: (text: string) => void;
};

/** How long the story waits for a review. A local model may take its time. */
const PATIENCE_MS = 300_000;

const open = async (team: DemoTeam, change: DemoChange): Promise<DemoMergeRequest> =>
  team.observe(await team.openMergeRequest(change), change);

const indent = (text: string): string => text.replace(/^/gm, "   | ");

/** A note without its hidden part, as GitLab shows it. */
const shown = (note: string): string => note.replaceAll(/<!--[\s\S]*?-->\n?/g, "").trim();

const expect = (isSo: boolean, what: string): void => {
  if (!isSo) throw new Error(`The demo did not end with ${what}; this is a defect`);
};

/** The tutorial's flow: it posts by itself. */
export const tellTutorial = async ({ team, store, say }: Stage, where: string): Promise<void> => {
  say("1. The tutorial's flow, flows/classic.yml, posts one note by itself.");
  const mergeRequest = await open(team, HELLO);
  const run = await waitForEnd(store, 1);
  sayRun(say, mergeRequest, run, where);
  const { notes } = await mergeRequest.view();
  for (const note of notes) say(indent(shown(note)));
  expect(run.state === "succeeded" && notes.length === 1, "one note");
};

/** A review by findings: threads on the lines, a summary, and what a push makes of them. */
export const tellFindings = async ({ team, store, say }: Stage, isScripted: boolean): Promise<void> => {
  say("\n2. The flow flows/review.yml judges; Reviewflow puts its findings on the lines.");
  const mergeRequest = await open(team, CART);
  sayRun(say, mergeRequest, await waitForEnd(store, 2), "in this process");
  const first = await sayView(say, mergeRequest);
  expect(first.notes.length === 1, "one summary");
  if (isScripted) expect(first.threads.length === 1 && !first.threads[0]?.resolved, "one open thread");

  say("\n3. The trainee takes the suggestion and pushes.");
  await mergeRequest.push(CART.fixed);
  sayRun(say, mergeRequest, await waitForEnd(store, 3), "in this process");
  const second = await sayView(say, mergeRequest);
  expect(second.notes.length === 1, "one summary, updated in place");
  if (isScripted)
    expect(
      second.threads.every(({ resolved }) => resolved),
      "its thread resolved",
    );

  await mergeRequest.resend();
  const runs = await store.listRuns({ limit: 10 });
  expect(runs.length === 3, "three runs");
  say("\n4. GitLab sends the last event once more: answered, and nothing was done twice.");
};

const sayRun = (say: Stage["say"], mergeRequest: DemoMergeRequest, run: Run, where: string): void => {
  const [delivery] = mergeRequest.deliveries();
  const tookMs = (run.finishedAtMs ?? 0) - (run.startedAtMs ?? 0);
  say(
    `   !${mergeRequest.iid} "${mergeRequest.title}": event stored and answered ${delivery?.status ?? "nothing"} in ${delivery?.elapsedMs ?? 0} ms; ${run.state} ${where} after ${tookMs} ms${run.reason === null ? "" : `, ${run.reason}`}.`,
  );
};

const sayView = async (say: Stage["say"], mergeRequest: DemoMergeRequest) => {
  const view = await mergeRequest.view();
  for (const { place, resolved, notes } of view.threads) {
    say(`\n   ${place} (${resolved ? "resolved" : "open"})`);
    for (const note of notes) say(indent(shown(note)));
  }
  for (const note of view.notes) {
    say("\n   summary");
    say(indent(shown(note)));
  }
  return view;
};

/** Waits until that many runs have ended; the newest. */
const waitForEnd = async (store: Store, count: number): Promise<Run> => {
  const deadline = systemClock.now() + PATIENCE_MS;
  for (;;) {
    const runs = await store.listRuns({ limit: 10 });
    const [newest] = runs;
    if (runs.length === count && newest !== undefined && newest.finishedAtMs !== null) return newest;
    if (systemClock.now() > deadline)
      throw new Error("The demo's review did not end in time; this is a defect");
    await systemClock.sleep(100);
  }
};
