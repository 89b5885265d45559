import { describeReason } from "../describe-reason.ts";
import type { Clock } from "../../base/clock.ts";
import { ConfigError, FlowError } from "../../base/errors.ts";
import type { FlowConfig, LocalConfig } from "../../config/config.ts";
import { openLocalReviewer } from "../../wiring/local-reviewer.ts";
import type { NewRunEvent } from "../../store/run-event.ts";
import type { ChosenChange } from "./choose-change.ts";
import type { Git } from "./git.ts";
import { createLocalForge, toMergeRequest } from "./local-forge.ts";
import { type LocalReport, toLocalFindings } from "./local-report.ts";
import { listUntracked, readDiff } from "./read-diff.ts";

/** The flow that reviews here: the one of that name, else the first that reports findings. */
export const chooseFlow = ({ flows }: Pick<LocalConfig, "flows">, name: string | null): FlowConfig => {
  const flow = flows.find((one) => (name === null ? one.contract === "findings" : one.name === name));
  if (flow?.contract === "findings") return flow;
  if (name === null)
    throw new ConfigError(["flows: none has the contract findings, which a local review needs"]);
  const names = flows.flatMap((one) => (one.contract === "findings" ? [one.name] : []));
  throw new ConfigError([
    `--flow: no flow ${name} has the contract findings; ${names.length === 0 ? "none has it" : `these do: ${names.join(", ")}`}`,
  ]);
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

/**
 * Reviews a change of a repository on this machine, with the steps that a server takes up to the plan.
 * Throws a FlowError when no part of it could be reviewed.
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
  if (outcome.kind === "failed")
    throw new FlowError(describeReason(outcome.reason), { code: "no-part-reviewed", nodeId: null });
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
