import { systemClock } from "../../base/clock.ts";
import { ConfigError, FlowError } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import type { FlowConfig, LocalConfig } from "../../config/config.ts";
import { createFlows } from "../../wiring/create-flows.ts";
import { openRunners } from "../../wiring/open-runners.ts";
import { openFindingsContext, underTeamRules } from "../../worker/findings/findings-context.ts";
import type { FindingsFlow } from "../../worker/findings/findings-flow.ts";
import { judgeChange } from "../../worker/findings/judge-change.ts";
import { readChange } from "../../worker/findings/read-change.ts";
import type { NewRunEvent } from "../../store/run-event.ts";
import type { ChosenChange } from "./choose-change.ts";
import type { Git } from "./git.ts";
import { createLocalClaim } from "./local-claim.ts";
import { createLocalForge, toMergeRequest } from "./local-forge.ts";
import { isTold, type LocalReport, toLocalFindings } from "./local-report.ts";
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
  readonly signal: AbortSignal;
  readonly onEvent: (event: NewRunEvent) => void;
};

/**
 * Reviews a change of a repository on this machine, with the steps that a server takes up to the plan.
 * Throws a FlowError when no part of it could be reviewed.
 */
export const reviewChange = async (review: LocalReview): Promise<LocalReport> => {
  const { git, change, config, signal, onEvent } = review;
  // A walk-through would be paid for and shown nowhere.
  const section = { ...review.flow, findings: { ...review.flow.findings, summary: null } };
  const used = { ...config, flows: [section] };
  const clock = systemClock;
  const logger = silentLogger;
  await using runners = await openRunners(used, { clock, logger });
  const flow = findingsFlow(createFlows(used, runners));
  const diff = await readDiff(git, change);
  const forge = createLocalForge(git, change, diff);
  const mergeRequest = toMergeRequest(change);
  const claim = createLocalClaim({
    flow: flow.name,
    headSha: mergeRequest.headSha,
    nowMs: clock.now(),
    signal,
    onEvent,
  });
  const opened = await openFindingsContext({ claim, flow, forge, clock, logger, maxAttempts: 1 });
  const context = await underTeamRules(opened, mergeRequest);
  const judged = await judgeChange(context, await readChange(context, mergeRequest));
  if (judged.kind === "failed")
    throw new FlowError(judged.reason, { code: "no-part-reviewed", nodeId: null });
  const told = judged.findings.filter((found) => isTold(found, context.flow.least));
  return {
    name: change.name,
    root: git.root,
    flow: flow.name,
    findings: toLocalFindings(told),
    below: judged.findings.length - told.length,
    receipt: judged.receipt,
    untracked: change.hasUntracked ? await listUntracked(git) : [],
    remarks: judged.remarks,
    notices: judged.notices,
    usage: context.desk.meter.total(),
  };
};

const findingsFlow = (flows: ReturnType<typeof createFlows>): FindingsFlow => {
  const [flow] = flows;
  if (flow?.contract !== "findings") throw new ConfigError(["flows: none has the contract findings"]);
  return flow;
};
