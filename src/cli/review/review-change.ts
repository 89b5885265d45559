import type { Clock } from "../../base/clock.ts";
import type { Reason } from "../../base/reason.ts";
import type { FlowConfig, LocalConfig } from "../../config/config.ts";
import { message } from "../../messages/message.ts";
import { openLocalReviewer } from "../../wiring/local-reviewer.ts";
import type { NewRunEvent } from "../../store/run-event.ts";
import { CommandError } from "../command-error.ts";
import { reasonMessage } from "../describe-reason.ts";
import type { ChosenChange } from "./choose-change.ts";
import type { Git } from "./git.ts";
import { createLocalForge, toMergeRequest } from "./local-forge.ts";
import { type LocalReport, toLocalFindings } from "./local-report.ts";
import { listUntracked, readDiff } from "./read-diff.ts";

/** The flow that reviews here: the one of that name, else the first that reports findings. */
export const chooseFlow = ({ flows }: Pick<LocalConfig, "flows">, name: string | null): FlowConfig => {
  const flow = flows.find((one) => (name === null ? one.contract === "findings" : one.name === name));
  if (flow?.contract === "findings") return flow;
  if (name === null) throw new CommandError(message("cli.review.no-flow"));
  const names = flows.flatMap((one) => (one.contract === "findings" ? [one.name] : []));
  throw new CommandError(message("cli.review.unknown-flow", { name, names, count: names.length }));
};

/** What a local review is made from. */
export type LocalReview = {
  readonly git: Git;
  readonly change: ChosenChange;
  readonly config: LocalConfig;
  readonly flow: FlowConfig;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onEvent: (event: NewRunEvent) => void;
};

/** No part of the change could be reviewed. */
export const nothingReviewed = (reason: Reason): CommandError =>
  new CommandError(message("cli.review.failed", { reason: reasonMessage(reason) }), {
    code: "no-part-reviewed",
  });

/**
 * Reviews a change of a repository on this machine, with the steps that a server takes up to the plan.
 * Throws a CommandError when no part of it could be reviewed.
 */
export const reviewChange = async (review: LocalReview): Promise<LocalReport> => {
  const { git, change, config, flow, clock, signal, onEvent } = review;
  await using reviewer = await openLocalReviewer(config, flow, { clock });
  const diff = await readDiff(git, change);
  const outcome = await reviewer.review({
    forge: createLocalForge(git, change, diff),
    mergeRequest: toMergeRequest(change),
    signal,
    onEvent,
  });
  if (outcome.kind === "failed") throw nothingReviewed(outcome.reason);
  const { told, below, receipt, remarks, notices, usage } = outcome;
  return {
    name: change.name,
    root: git.root,
    flow: flow.name,
    findings: toLocalFindings(told),
    below,
    receipt,
    untracked: change.hasUntracked ? await listUntracked(git) : [],
    remarks,
    notices,
    usage,
  };
};
