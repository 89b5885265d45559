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
  /** Whether the model answers from a script: then it is known how the story ends. A real one may say anything. */
  readonly isScripted: boolean;
};

/** How long the story waits for a review by the script; for one by a real model as long as it takes. */
const PATIENCE_MS = 300_000;

/** How often the story says that it still waits. */
const STILL_WAITING_MS = 30_000;

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
  const { team, say, t, isScripted } = stage;
  say(t("demo.story.tutorial"));
  const mergeRequest = await open(team, HELLO);
  const run = await waitForEnd(stage, null);
  sayRun(stage, mergeRequest, run, where);
  const { notes } = await mergeRequest.view();
  for (const note of notes) say(indent(shown(note)));
  if (isScripted) expect(run.state === "succeeded" && notes.length === 1, "one note");
};

/** A review by findings: threads on the lines, a summary, and what a push makes of them. */
export const tellFindings = async (stage: Stage): Promise<void> => {
  const { team, store, say, t, isScripted } = stage;
  const [tutorial] = await store.listRuns({ limit: 1 });
  say(`\n${t("demo.story.findings")}`);
  const mergeRequest = await open(team, CART);
  const opened = await waitForEnd(stage, tutorial ?? null);
  sayRun(stage, mergeRequest, opened, t("demo.story.here"));
  const first = await sayView(stage, mergeRequest);
  if (isScripted) {
    expect(first.notes.length === 1, "one summary");
    expect(first.threads.length === 1 && !first.threads[0]?.resolved, "one open thread");
  }

  say(`\n${t("demo.story.push")}`);
  await mergeRequest.push(CART.fixed);
  const pushed = await waitForEnd(stage, opened);
  sayRun(stage, mergeRequest, pushed, t("demo.story.here"));
  const second = await sayView(stage, mergeRequest);
  if (isScripted) {
    expect(second.notes.length === 1, "one summary");
    expect(
      second.threads.every(({ resolved }) => resolved),
      "its thread resolved",
    );
  }

  await mergeRequest.resend();
  const [newest] = await store.listRuns({ limit: 1 });
  expect(newest?.id === pushed.id, "three runs");
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

/** Waits until a run after `last` has ended, or waits for a model that is away. */
const waitForEnd = async ({ store, say, t, isScripted }: Stage, last: Run | null): Promise<Run> => {
  const startMs = systemClock.now();
  let sayAtMs = startMs + STILL_WAITING_MS;
  for (;;) {
    const [newest] = await store.listRuns({ limit: 1 });
    if (newest !== undefined && newest.id !== last?.id && isSettled(newest)) return newest;
    const nowMs = systemClock.now();
    if (isScripted && nowMs > startMs + PATIENCE_MS)
      throw new Error("The demo's review did not end in time; this is a defect");
    if (!isScripted && nowMs > sayAtMs) {
      say(`   ${t("demo.story.waiting", { seconds: Math.round((nowMs - startMs) / 1_000) })}`);
      sayAtMs = nowMs + STILL_WAITING_MS;
    }
    await systemClock.sleep(100);
  }
};

const isSettled = ({ finishedAtMs, waitingFor }: Run): boolean =>
  finishedAtMs !== null || waitingFor !== null;
