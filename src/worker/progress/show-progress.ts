import { translator } from "../../messages/format-message.ts";
import type { CommitStatus } from "../../review/discussion.ts";
import type { Forge, MergeRequest } from "../../review/forge.ts";
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
const UNDER_REVIEW = "eyes";

/** GitLab cuts longer ones. */
const LONGEST_DESCRIPTION = 140;
/** How long taking it off may take when the run itself has been ended, in milliseconds. */
const END_MS = 10_000;

/** The status of a flow's reviews. */
export const statusOf = (
  flow: Pick<ReviewFlow, "name">,
  { headSha: sha, statusRef: ref }: Pick<MergeRequest, "headSha" | "statusRef">,
  state: CommitStatus["state"],
  description: string,
): CommitStatus => ({
  sha,
  ...(ref === undefined ? {} : { ref }),
  name: `reviewflow/${flow.name}`,
  state,
  description: beginningOf(description, LONGEST_DESCRIPTION),
});

/**
 * Shows in the merge request that a review is made while `work` makes it. What it comes to is shown by the review itself,
 * and by the follow-up where it failed.
 */
export const withProgress = async (
  {
    claim,
    forge,
    flow,
    mergeRequest,
  }: {
    readonly claim: Pick<Claim, "signal">;
    readonly forge: Pick<Forge, "react" | "unreact" | "setStatus">;
    readonly flow: Pick<ReviewFlow, "name" | "language" | "contract">;
    readonly mergeRequest: MergeRequest;
  },
  settings: ProgressSettings | null,
  work: () => Promise<Settlement>,
): Promise<Settlement> => {
  if (settings === null) return work();
  const { ref } = mergeRequest;
  const t = translator(flow.language);
  const reaction = { noteId: null, emoji: UNDER_REVIEW };
  if (settings.notes) await forge.react(ref, reaction, claim.signal);
  if (settings.status)
    await forge.setStatus(ref, statusOf(flow, mergeRequest, "pending", t("status.pending")), claim.signal);
  let settlement: Settlement | null = null;
  try {
    settlement = await work();
    return settlement;
  } finally {
    // Nothing of this may hide how the review ended; whoever has the run by now shows it anew.
    const signal = AbortSignal.timeout(END_MS);
    if (settings.notes) await forge.unreact(ref, reaction, signal).catch(() => undefined);
    const end = settings.status ? endOf(settlement, flow.contract) : null;
    if (end !== null)
      await forge
        .setStatus(ref, statusOf(flow, mergeRequest, end, t(`status.${end}`)), signal)
        .catch(() => undefined);
  }
};

/** What a review by findings came to stands in its own status; what failed is shown by the follow-up. */
const endOf = (
  settlement: Settlement | null,
  contract: ReviewFlow["contract"],
): "success" | "canceled" | null => {
  if (settlement === null) return null;
  if (settlement.state === "cancelled") return "canceled";
  const isDone = settlement.state === "succeeded" || settlement.state === "partial-succeeded";
  return isDone && contract !== "findings" ? "success" : null;
};
