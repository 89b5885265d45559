import { message } from "../../messages/message.ts";
import type { Clock } from "../../base/clock.ts";
import { describeError, GitLabError, StoreError } from "../../base/errors.ts";
import { behindFence } from "../../base/fence.ts";
import type { Logger } from "../../base/logger.ts";
import type { Secret } from "../../base/secret.ts";
import { translator, type Translate } from "../../messages/format-message.ts";
import { renderReply } from "../../review/conversation/render-reply.ts";
import { readRequest } from "../../review/conversation/review-request.ts";
import type { Forge, MergeRequest, MergeRequestRef } from "../../review/forge.ts";
import { progressMarker, renderProgressNote } from "../../review/note-text.ts";
import { publishLine } from "../../review/publish-text.ts";
import { isProjectUnproven, parseStoredEvent } from "../../review/stored-event.ts";
import type { Run } from "../../store/store.ts";
import { isFresh } from "../../store/lease.ts";
import { LONG_WAIT_MS, NEWS_MS } from "../../store/outage.ts";
import type {
  DueProgress,
  LeftStatus,
  ProgressNote,
  ProgressStore,
  ShownReaction,
} from "../../store/progress/progress-store.ts";
import { LEAST_PAUSE, type ReconcileStore, type TaskLease } from "../../store/reconcile/reconcile-store.ts";
import type { ReviewFlow } from "../review-flow.ts";
import { languageOf } from "../telling.ts";
import { type ProgressSettings, statusOf, UNDER_REVIEW } from "./show-progress.ts";

/** What following runs up takes. */
export type FollowUpOptions = {
  readonly progress: ProgressStore;
  readonly leases: Pick<ReconcileStore, "acquire">;
  readonly flows: ReadonlyMap<string, ReviewFlow>;
  readonly settingsOf: (flow: string) => ProgressSettings | null;
  readonly createForge: (token: Secret) => Forge;
  /** The server's own, for what no token that came with a delivery is kept; null where it has none. */
  readonly token: Secret | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a run waits before its merge request says so, in milliseconds; ten minutes when left out. */
  readonly waitsMs?: number;
  /** How often it looks, in milliseconds. */
  readonly everyMs: number;
};

/** A follow-up at work. */
export type FollowUp = { readonly stop: () => Promise<void> };

const TASK = "progress";
const LEASE_MS = 60_000;

/**
 * Says in a merge request, in one note that is kept up to date and taken away when it is over, that its review has failed
 * for good or waits for longer than ten minutes; sets the commit status and answers the note that asked for it. It ends
 * what reviews have left behind that were cancelled or replaced while nobody worked on them. It looks at the store, so that nothing is lost with the process that met it: one instance at a time, whose writes end with its
 * lease.
 */
export const startFollowUp = (options: FollowUpOptions): FollowUp => {
  const { clock, everyMs } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await makeRound(options, signal);
      await clock.sleep(everyMs, signal).catch(() => undefined);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort(new Error("Reviewflow stops"));
      await running;
    },
  };
};

const makeRound = async (options: FollowUpOptions, signal: AbortSignal): Promise<void> => {
  const { leases, progress, logger, clock, flows, settingsOf, waitsMs = LONG_WAIT_MS } = options;
  try {
    const pauseMs = options.everyMs * LEAST_PAUSE;
    const outcome = await leases.acquire(TASK, { leaseMs: LEASE_MS, pauseMs });
    if (outcome.kind !== "acquired") return;
    try {
      const held = hold(outcome.lease);
      const shown = [...flows.keys()].filter((name) => {
        const { notes = false, status = false } = settingsOf(name) ?? {};
        return notes || status;
      });
      const times = { failedSinceMs: clock.now() - NEWS_MS, waitsMs, nowMs: clock.now() };
      for (const due of await progress.listDue(shown, times))
        await held.write(() => settleOne(options, refOf(due.run), () => show(options, due, signal)), signal);
      for (const over of await progress.listOver())
        await held.write(() => settleOne(options, over, () => takeAway(options, over, signal)), signal);
      for (const left of await progress.listReactions())
        await held.write(() => settleOne(options, left, () => takeOff(options, left, signal)), signal);
      for (const left of await progress.listStatuses())
        await held.write(() => settleOne(options, left.status, () => endLeft(options, left, signal)), signal);
      await progress.forgetTokens(shown, clock.now() - NEWS_MS);
    } finally {
      await outcome.lease.release();
    }
  } catch (error) {
    if (!signal.aborted)
      logger.warn({ error: describeError(error) }, "Merge requests could not be kept up to date");
  }
};

/** Writes as long as the lease leaves time for it, and holds it anew before each. */
const hold = (lease: TaskLease) => ({
  write: async (work: () => Promise<void>, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    const askedAtMs = performance.now();
    const lost = (): StoreError => new StoreError(message("store.lease-lost"), { code: "claim-lost" });
    if (!(await lease.renew(null))) throw lost();
    await behindFence(() => {
      if (!isFresh(askedAtMs, LEASE_MS)) throw lost();
    }, work);
  },
});

const refOf = ({ projectId, iid }: MergeRequestRef): MergeRequestRef => ({ projectId, iid });

/** What GitLab refuses is left as it is; what fails by itself is tried again with the next round. */
const settleOne = async (
  { logger }: FollowUpOptions,
  { projectId, iid }: MergeRequestRef,
  work: () => Promise<void>,
): Promise<void> => {
  try {
    await work();
  } catch (error) {
    const isUnreadable = error instanceof StoreError && error.code === "token-unreadable";
    if (!isUnreadable && !(error instanceof GitLabError)) throw error;
    logger.info(
      { projectId, iid, code: error.code },
      "Merge request does not show how its review stands yet",
    );
  }
};

/** As whom it is said: whoever the run's review is said as. Null where no token is left. */
const forgeFor = async (
  { progress, createForge, token }: FollowUpOptions,
  ref: MergeRequestRef,
  runId: string | null,
): Promise<Forge | null> => {
  const used = (await progress.findToken(ref, runId)) ?? token;
  return used === null ? null : createForge(used);
};

const show = async (options: FollowUpOptions, due: DueProgress, signal: AbortSignal): Promise<void> => {
  const { progress, flows, logger } = options;
  const { run, shows } = due;
  const note: ProgressNote = { ...refOf(run), flow: run.flow, runId: run.id, shows };
  const flow = flows.get(run.flow);
  const event = parseStoredEvent(run.event);
  // Nothing is said where it is not proven that the event was of this project.
  if (flow === undefined || event === null || isProjectUnproven(run.event)) return progress.put(note);
  const ref = refOf(run);
  const forge = await forgeFor(options, ref, run.id);
  if (forge === null) return progress.put(note);
  try {
    const mergeRequest = await forge.fetchMergeRequest(ref, signal);
    if (mergeRequest.state === "opened") {
      const { targetBranch } = event;
      const { notes = false, status = false } = options.settingsOf(flow.name) ?? {};
      const language = await languageOf({ claim: { run, signal }, flow, forge, logger, targetBranch });
      const t = translator(language);
      if (notes) {
        const markdown = textOf(t, due, (await forge.currentUser(signal)).username);
        const body = renderProgressNote(flow.name, markdown);
        await forge.upsertNote(ref, { marker: progressMarker(flow.name), body }, signal);
      }
      if (shows === "failed") {
        if (status) await setFailed(options, due, mergeRequest, forge, t, signal);
        if (notes) await answerRequest(forge, due, t, signal);
      }
    }
  } catch (error) {
    if (!(error instanceof GitLabError) || error.retryable) throw error;
    logger.info({ ...ref, code: error.code }, "Merge request cannot show how its review stands");
  }
  await progress.put(note);
};

const setFailed = async (
  { progress }: FollowUpOptions,
  { run }: DueProgress,
  mergeRequest: MergeRequest,
  forge: Forge,
  t: Translate,
  signal: AbortSignal,
): Promise<void> => {
  const { statusRef: ref = null } = mergeRequest;
  const sha = run.headSha ?? mergeRequest.headSha;
  const status = { ...refOf(run), flow: run.flow, sha, ref, runId: run.id };
  const isSet = await forge.setStatus(
    status,
    statusOf(run.flow, status, "failed", t("status.failed")),
    signal,
  );
  if (isSet) await progress.removeStatus(status);
};

/** The sentences of the note; nothing of what another server said is among them. */
const textOf = (t: Translate, { run, shows }: DueProgress, bot: string): string => {
  const reason = run.reason === null ? "" : publishLine(t.reason(run.reason));
  if (shows === "failed") return t("progress.failed", { reason, command: `\`@${bot} review\`` });
  return run.waitingFor === null
    ? t("progress.retrying", { reason })
    : t("progress.waiting", {
        peer: t(`progress.peer.${run.waitingFor.kind}`),
        since: run.waitingFor.sinceMs,
      });
};

/** Whoever asked for the review by a note hears of it there, once. */
const answerRequest = async (
  forge: Forge,
  { run }: DueProgress,
  t: Translate,
  signal: AbortSignal,
): Promise<void> => {
  const request = readRequest(run.event);
  if (request === null || request.discussionId === null) return;
  const { discussionId, noteId } = request;
  const reason = run.reason === null ? "" : publishLine(t.reason(run.reason));
  const draft = renderReply({ discussionId, noteId }, t("conversation.review-failed", { reason }), false);
  await forge.reply(refOf(run), draft, signal);
};

const takeAway = async (options: FollowUpOptions, over: ProgressNote, signal: AbortSignal): Promise<void> => {
  const { progress, logger } = options;
  try {
    const forge = await forgeFor(options, refOf(over), null);
    await forge?.removeNote(refOf(over), progressMarker(over.flow), signal);
  } catch (error) {
    if (!(error instanceof GitLabError) || error.retryable) throw error;
    logger.info({ ...refOf(over), code: error.code }, "Note cannot be taken away");
  }
  await progress.remove(over);
};

/** The reaction of a review whose end GitLab did not hear of. */
const takeOff = async (options: FollowUpOptions, left: ShownReaction, signal: AbortSignal): Promise<void> => {
  const { awardId } = left;
  const forge = await forgeFor(options, refOf(left), null);
  const isOff = (await forge?.unreact(refOf(left), { ...UNDER_REVIEW, awardId }, signal)) ?? true;
  if (isOff) await options.progress.removeReaction(left);
};

/** The commit status of a review that was cancelled or replaced, or of a head that was reviewed no further. */
const endLeft = async (
  options: FollowUpOptions,
  { status, run, end }: LeftStatus,
  signal: AbortSignal,
): Promise<void> => {
  const { progress, flows, logger } = options;
  const flow = flows.get(status.flow);
  const state = run?.headSha === status.sha ? stateOf(run.state, flow) : "canceled";
  const outcome = end ?? {
    state,
    description: translator(flow?.language ?? "English")(`status.${state}`),
  };
  const ended = statusOf(status.flow, status, outcome.state, outcome.description);
  try {
    const forge = await forgeFor(options, refOf(status), status.runId);
    if ((await forge?.endStatus(refOf(status), ended, signal)) === false) return;
  } catch (error) {
    if (!(error instanceof GitLabError) || error.retryable || error.outside !== undefined) throw error;
    logger.info({ ...refOf(status), code: error.code }, "Commit status cannot be ended");
  }
  await progress.removeStatus(status);
};

/** A review by findings that was made has set its own. */
const stateOf = (state: Run["state"], flow: ReviewFlow | undefined): "success" | "failed" | "canceled" => {
  if (state === "failed") return "failed";
  const isDone = state === "succeeded" || state === "partial-succeeded";
  return isDone && flow?.contract !== "findings" ? "success" : "canceled";
};
