import { translator } from "../../messages/format-message.ts";
import type { CommitStatus } from "../../review/discussion.ts";
import { RunCancelled } from "../../review/flow-runner.ts";
import type { Forge, MergeRequest } from "../../review/forge.ts";
import type { PendingStatus, ProgressStore, ShownReaction } from "../../store/progress/progress-store.ts";
import { beginningOf } from "../../base/cut-text.ts";
import type { Claim, Settlement } from "../../store/store.ts";
import type { ReviewFlow } from "../review-flow.ts";

/** What of a flow's reviews their merge requests show. */
export type ProgressSettings = {
  /** Reactions, and a note of a review that failed or waits. */
  readonly notes: boolean;
  /** The commit status. */
  readonly status: boolean;
};

/** The reaction that a merge request has while its review is made. */
export const UNDER_REVIEW = { noteId: null, emoji: "eyes" } as const;

/** What is shown of reviews, and where it is remembered. */
export type ProgressDisplay = {
  readonly settingsOf: (flow: string) => ProgressSettings | null;
  readonly store: Pick<ProgressStore, "putReaction" | "removeReaction" | "putStatus" | "removeStatus">;
};

/** GitLab cuts longer ones. */
const LONGEST_DESCRIPTION = 140;
/** How long taking it off may take when the run itself has been ended, in milliseconds. */
const END_MS = 10_000;

/** The status of a flow's reviews. */
export const statusOf = (
  flow: string,
  { sha, ref }: Pick<PendingStatus, "sha" | "ref">,
  state: CommitStatus["state"],
  description: string,
): CommitStatus => ({
  sha,
  ...(ref === null ? {} : { ref }),
  name: `reviewflow/${flow}`,
  state,
  description: beginningOf(description, LONGEST_DESCRIPTION),
});

/**
 * Shows in the merge request that a review is made while `work` makes it, which does not wait for that: only what it
 * publishes comes behind it. What it comes to is shown by the review itself, and by the follow-up where it failed; the
 * follow-up also ends what could not be ended here, by what the store knows of it.
 */
export const withProgress = async (
  {
    claim,
    forge,
    flow,
    mergeRequest,
  }: {
    readonly claim: Pick<Claim, "signal" | "run">;
    readonly forge: Forge;
    readonly flow: Pick<ReviewFlow, "name" | "language" | "contract">;
    readonly mergeRequest: MergeRequest;
  },
  display: ProgressDisplay | null,
  work: (forge: Forge) => Promise<Settlement>,
): Promise<Settlement> => {
  const settings = display?.settingsOf(claim.run.flow) ?? null;
  if (display === null || settings === null) return work(forge);
  const { ref } = mergeRequest;
  const { projectId, iid } = ref;
  const t = translator(flow.language);
  const { headSha: sha, statusRef = null } = mergeRequest;
  const status: PendingStatus = {
    projectId,
    iid,
    flow: claim.run.flow,
    sha,
    ref: statusRef,
    runId: claim.run.id,
  };
  const setStatus = (state: CommitStatus["state"], signal = claim.signal): Promise<boolean> =>
    forge.setStatus(ref, statusOf(flow.name, status, state, t(`status.${state}`)), signal);
  const begin = async (): Promise<void> => {
    await display.store.putStatus(status);
    await setStatus("pending");
  };
  const unknown: ShownReaction = { projectId, iid, flow: claim.run.flow, awardId: null };
  const react = async (): Promise<ShownReaction | null> => {
    const set = await forge.react(ref, UNDER_REVIEW, claim.signal);
    return set === null ? null : display.store.putReaction({ ...unknown, ...set });
  };
  // Nothing of this may hide how the review ends; whoever has the run by then shows it anew.
  const reaction = settings.notes ? react().catch(() => unknown) : null;
  const pending = settings.status ? begin().catch(() => undefined) : null;
  let isEnded = false;
  const takeOff = async (): Promise<void> => {
    const shown = await reaction;
    if (shown === null) return;
    const { awardId } = shown;
    const isOff = await forge.unreact(ref, { ...UNDER_REVIEW, awardId }, AbortSignal.timeout(END_MS));
    if (isOff) await display.store.removeReaction(shown);
    else await display.store.putReaction(shown);
  };
  try {
    const settlement = await work({
      ...forge,
      publish: async (...[place, publication, signal]) => {
        await pending;
        const receipt = await forge.publish(place, publication, signal);
        const { status: end } = publication;
        if (end?.sha !== sha || end.state === "pending") return receipt;
        isEnded = receipt.isStatusSet;
        if (!isEnded)
          await display.store.putStatus(status, { state: end.state, description: end.description });
        return receipt;
      },
    });
    await pending;
    const end = settings.status ? endOf(settlement, flow.contract) : null;
    if (end !== null) isEnded = await setStatus(end);
    return settlement;
  } catch (error) {
    if (settings.status && !isEnded && claim.signal.reason instanceof RunCancelled) {
      await pending;
      isEnded = await setStatus("canceled", AbortSignal.timeout(END_MS)).catch(() => false);
    }
    throw error;
  } finally {
    if (isEnded) await display.store.removeStatus(status).catch(() => undefined);
    await takeOff().catch(() => undefined);
  }
};

/** What a review by findings came to stands in its own status; what failed is shown by the follow-up. */
const endOf = (settlement: Settlement, contract: ReviewFlow["contract"]): "success" | "canceled" | null => {
  if (settlement.state === "cancelled") return "canceled";
  const isDone = settlement.state === "succeeded" || settlement.state === "partial-succeeded";
  return isDone && contract !== "findings" ? "success" : null;
};
