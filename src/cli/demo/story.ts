import type { Translate } from "../../messages/format-message.ts";
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
  readonly t: Translate;
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
export const tellTutorial = async (stage: Stage, where: string): Promise<void> => {
  const { team, store, say, t } = stage;
  say(t("demo.story.tutorial"));
  const mergeRequest = await open(team, HELLO);
  const run = await waitForEnd(store, 1);
  sayRun(stage, mergeRequest, run, where);
  const { notes } = await mergeRequest.view();
  for (const note of notes) say(indent(shown(note)));
  expect(run.state === "succeeded" && notes.length === 1, "one note");
};

/** A review by findings: threads on the lines, a summary, and what a push makes of them. */
export const tellFindings = async (stage: Stage, isScripted: boolean): Promise<void> => {
  const { team, store, say, t } = stage;
  say(`\n${t("demo.story.findings")}`);
  const mergeRequest = await open(team, CART);
  sayRun(stage, mergeRequest, await waitForEnd(store, 2), t("demo.story.here"));
  const first = await sayView(stage, mergeRequest);
  expect(first.notes.length === 1, "one summary");
  if (isScripted) expect(first.threads.length === 1 && !first.threads[0]?.resolved, "one open thread");

  say(`\n${t("demo.story.push")}`);
  await mergeRequest.push(CART.fixed);
  sayRun(stage, mergeRequest, await waitForEnd(store, 3), t("demo.story.here"));
  const second = await sayView(stage, mergeRequest);
  expect(second.notes.length === 1, "one summary");
  if (isScripted)
    expect(
      second.threads.every(({ resolved }) => resolved),
      "its thread resolved",
    );

  await mergeRequest.resend();
  const runs = await store.listRuns({ limit: 10 });
  expect(runs.length === 3, "three runs");
  say(`\n${t("demo.story.again")}`);
};

const sayRun = ({ say, t }: Stage, mergeRequest: DemoMergeRequest, run: Run, where: string): void => {
  const [delivery] = mergeRequest.deliveries();
  const tookMs = (run.finishedAtMs ?? 0) - (run.startedAtMs ?? 0);
  const told = t("demo.story.run", {
    iid: mergeRequest.iid,
    title: mergeRequest.title,
    status: delivery?.status ?? "–",
    answered: delivery?.elapsedMs ?? 0,
    state: t(`run-state.${run.state}`),
    where,
    took: tookMs,
  });
  say(`   ${told}${run.reason === null ? "" : ` ${t.reason(run.reason)}`}`);
};

const sayView = async ({ say, t }: Stage, mergeRequest: DemoMergeRequest) => {
  const view = await mergeRequest.view();
  for (const { place, resolved, notes } of view.threads) {
    say(`\n   ${place} (${t(resolved ? "thread.state.resolved" : "thread.state.open")})`);
    for (const note of notes) say(indent(shown(note)));
  }
  for (const note of view.notes) {
    say(`\n   ${t("demo.story.summary")}`);
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
