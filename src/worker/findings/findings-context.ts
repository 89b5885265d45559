import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import type { Journal } from "../../base/journal.ts";
import type { Logger } from "../../base/logger.ts";
import { ANEW_PREFIX, passesOver } from "../../review/conversation/anew.ts";
import type { Forge, MergeRequest } from "../../review/forge.ts";
import type { ClaimedRun } from "../../review/decide.ts";
import type { TriggerRules } from "../../review/triggers.ts";
import type { Claim } from "../../store/store.ts";
import { type FlowDesk, openFlowDesk } from "./ask-flow.ts";
import type { FindingsFlow } from "./findings-flow.ts";
import { type HunkMemory, openHunkMemory } from "./hunk-memory.ts";
import { flowRules, type ReviewRules, reviewRules } from "./review-rules.ts";
import type { Lessons } from "../lessons/lessons.ts";

/** What the steps of one review share. */
export type FindingsContext = {
  readonly claim: Claim;
  readonly flow: FindingsFlow;
  readonly forge: Forge;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly desk: FlowDesk;
  readonly hunks: HunkMemory;
  /** What the team says about the changes; `flow` has what the repository sets. */
  readonly rules: ReviewRules;
  /** How reviews learn from people; null where they do not. */
  readonly lessons: Lessons | null;
  /** Marks where data begins and ends; of this run alone, the same over its attempts. */
  readonly nonce: string;
  /** Whether a failure that may pass is not tried again, so that what there is should be published. */
  readonly isLastAttempt: boolean;
  /** Whether the run can wait for something outside. */
  readonly canWait: boolean;
};

/** What a review is made from. */
export type FindingsReview = Pick<FindingsContext, "claim" | "flow" | "forge" | "clock" | "logger"> & {
  /** How often a run is tried at most; null for one that is made here and now, and waits for nothing. */
  readonly maxAttempts: number | null;
  /** What the run was made for, and the server's rules to decide by; null or left out to make it as it is. */
  readonly asked?: {
    readonly known: Pick<ClaimedRun, "causes" | "history">;
    readonly rules: TriggerRules;
  } | null;
  /** How reviews learn from people; left out where they do not. */
  readonly lessons?: Lessons | undefined;
};

/** Opens everything that belongs to one attempt of a run. */
export const openFindingsContext = async (review: FindingsReview): Promise<FindingsContext> => {
  const { claim, flow, forge, clock } = review;
  const logger = review.logger.child({ runId: claim.run.id, flow: flow.name });
  return {
    claim,
    flow,
    forge,
    clock,
    logger,
    desk: await openFlowDesk(claim, flow, logger),
    hunks: openHunkMemory(
      claim.memory,
      reviewDigest(flow),
      logger,
      passesOver(await claim.memory.entries(ANEW_PREFIX)),
    ),
    rules: flowRules(flow),
    lessons: review.lessons ?? null,
    nonce: await nonceOf(claim.journal),
    isLastAttempt: claim.run.attempts >= (review.maxAttempts ?? 1),
    canWait: review.maxAttempts !== null,
  };
};

/** The context under the rules that hold for a merge request now; `opened` has none but the flow's. */
export const underTeamRules = async (
  opened: FindingsContext,
  mergeRequest: MergeRequest,
): Promise<FindingsContext> => {
  const { flow, forge, claim, logger } = opened;
  if (flow.teamRules === undefined) return opened;
  const reading = await flow.teamRules.read(forge, mergeRequest, claim.signal, logger);
  const rules = reviewRules(flow, reading, flow.teamRules.language);
  return { ...opened, rules, flow: rules.flow };
};

/** What decides about the findings of a hunk, besides the hunk: other flows or rules find something else. */
const reviewDigest = ({ digest, passes, verify, language, rules }: FindingsFlow): string =>
  createHash("sha256")
    .update(
      JSON.stringify([digest, passes.map((pass) => pass.digest), verify?.digest ?? null, language, rules]),
    )
    .digest("hex");

const Nonce = z.string().regex(/^[0-9a-f]{32}$/);

const nonceOf = async (journal: Journal): Promise<string> => {
  const known = Nonce.safeParse(await journal.read("nonce"));
  if (known.success) return known.data;
  const nonce = randomBytes(16).toString("hex");
  await journal.write("nonce", nonce);
  return nonce;
};
