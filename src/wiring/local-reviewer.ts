import { message } from "../messages/message.ts";
import type { Reason } from "../base/reason.ts";
import { systemClock } from "../base/clock.ts";
import { ConfigError, problemAt } from "../base/errors.ts";
import type { Journal } from "../base/journal.ts";
import { silentLogger } from "../base/logger.ts";
import type { FlowConfig, LocalConfig } from "../config/config.ts";
import type { FlowUsage } from "../flow/flow-event.ts";
import type { AnchoredFinding, Severity } from "../review/finding.ts";
import type { Forge, MergeRequest } from "../review/forge.ts";
import { severityRank } from "../review/plan/strength.ts";
import type { FileReceipt } from "../review/receipt.ts";
import type { NewRunEvent } from "../store/run-event.ts";
import { openFindingsContext, underTeamRules } from "../worker/findings/findings-context.ts";
import type { FindingsFlow } from "../worker/findings/findings-flow.ts";
import { reviewChange } from "../worker/findings/review-change.ts";
import { readChange } from "../worker/findings/read-change.ts";
import { createLocalClaim } from "../worker/local-claim.ts";
import { createFlows } from "./create-flows.ts";
import type { EngineOptions } from "./open-engine.ts";
import { openRunners } from "./open-runners.ts";

/** One change to be reviewed. */
type LocalRun = {
  /** Where the change is read; nothing is written to it. */
  readonly forge: Forge;
  readonly mergeRequest: MergeRequest;
  readonly signal: AbortSignal;
  readonly onEvent: (event: NewRunEvent) => void;
  /** What of the run is known before it starts; nothing when left out. */
  readonly journal?: Journal;
};

/** What a review on this machine came to, and what it took. `failed` when no part could be reviewed. */
type LocalOutcome = { readonly usage: FlowUsage } & (
  | { readonly kind: "failed"; readonly reason: Reason }
  | {
      readonly kind: "reviewed";
      /** What the flow is set to tell. */
      readonly told: readonly AnchoredFinding[];
      /** How many findings are below that. */
      readonly below: number;
      /** Every changed file. */
      readonly receipt: readonly FileReceipt[];
      /** What did not go as it should. */
      readonly remarks: readonly Reason[];
      /** What of the rules has no effect. */
      readonly notices: readonly Reason[];
    }
);

/** Reviews changes with one flow. Disposing of it ends its processes and threads. */
export type LocalReviewer = AsyncDisposable & {
  /** Starts the processes and threads that the flow will need; without it the first review waits for them. */
  readonly warmUp: () => Promise<void>;
  readonly review: (run: LocalRun) => Promise<LocalOutcome>;
};

/** Whether a finding is told by a flow that tells what is at least so severe and certain. */
export const isTold = (
  { finding }: AnchoredFinding,
  least: { readonly severity: Severity; readonly confidence: number },
): boolean =>
  severityRank(finding.severity) <= severityRank(least.severity) && finding.confidence >= least.confidence;

/**
 * Opens one flow for reviews on this machine, which take the steps of a server up to the plan. Throws a
 * ConfigError when the flow cannot run.
 */
export const openLocalReviewer = async (
  config: LocalConfig,
  flow: FlowConfig,
  {
    clock = systemClock,
    ...options
  }: Pick<EngineOptions, "adaptModel"> & Partial<Pick<EngineOptions, "clock">> = {},
): Promise<LocalReviewer> => {
  const logger = silentLogger;
  // A walk-through would be paid for and shown nowhere, and nobody asks anything.
  const used = {
    ...config,
    flows: [{ ...flow, shadow: null, reply: null, findings: { ...flow.findings, summary: null } }],
  };
  const runners = await openRunners(used, { clock, logger, ...options });
  const opened = findingsFlow(createFlows(used, runners));
  return {
    warmUp: async () => await runners.engine?.warmUp(),
    review: async ({ forge, mergeRequest, signal, onEvent, journal }) => {
      const claim = createLocalClaim({
        flow: opened.name,
        headSha: mergeRequest.headSha,
        nowMs: clock.now(),
        signal,
        onEvent,
        ...(journal === undefined ? {} : { journal }),
      });
      const first = await openFindingsContext({
        claim,
        flow: opened,
        forge,
        clock,
        logger,
        maxAttempts: null,
      });
      const context = await underTeamRules(first, mergeRequest);
      const reviewed = await reviewChange(context, await readChange(context, mergeRequest));
      const usage = context.desk.meter.total();
      if (reviewed.kind === "failed") return { ...reviewed, usage };
      const { findings, receipt, remarks, notices } = reviewed;
      const told = findings.filter((found) => isTold(found, context.flow.least));
      const below = findings.length - told.length;
      return { kind: "reviewed", told, below, receipt, remarks, notices, usage };
    },
    [Symbol.asyncDispose]: () => runners[Symbol.asyncDispose](),
  };
};

/** The only flow that was set up. Throws a ConfigError where it reports no findings. */
export const findingsFlow = (flows: ReturnType<typeof createFlows>): FindingsFlow => {
  const [flow] = flows;
  if (flow?.contract !== "findings")
    throw new ConfigError([problemAt("flows", message("flow.no-findings-flow"))]);
  return flow;
};
