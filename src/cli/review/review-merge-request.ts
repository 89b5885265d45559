import { systemClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { isProjectAllowed } from "../../base/project-globs.ts";
import type { Secret } from "../../base/secret.ts";
import type { FlowConfig, LocalConfig } from "../../config/config.ts";
import { type Message, message } from "../../messages/message.ts";
import type { MergeRequest } from "../../review/forge.ts";
import type { NewRunEvent } from "../../store/run-event.ts";
import { createFlows } from "../../wiring/create-flows.ts";
import { findingsFlow, isTold } from "../../wiring/local-reviewer.ts";
import { openRunners } from "../../wiring/open-runners.ts";
import {
  type FindingsContext,
  openFindingsContext,
  underTeamRules,
} from "../../worker/findings/findings-context.ts";
import { type ReviewedChange, reviewChange } from "../../worker/findings/review-change.ts";
import { type Published, publishReview } from "../../worker/findings/publish-review.ts";
import { type Change, readChange } from "../../worker/findings/read-change.ts";
import { summarize } from "../../worker/findings/summarize.ts";
import { createLocalClaim } from "../../worker/local-claim.ts";
import { CommandError } from "../command-error.ts";
import type { MergeRequestPlace } from "./choose-merge-request.ts";
import { type LocalReport, toLocalFindings } from "./local-report.ts";
import { openMergeRequest } from "./open-merge-request.ts";
import { chooseFlow, nothingReviewed } from "./review-change.ts";

/** What a review of a merge request from the command line is made from. */
export type MergeRequestReview = {
  readonly place: MergeRequestPlace;
  readonly token: Secret;
  /** Whether the review is published. */
  readonly post: boolean;
  readonly config: LocalConfig;
  /** The name of the flow; null for the project's. */
  readonly flowName: string | null;
  readonly signal: AbortSignal;
  readonly onEvent: (event: NewRunEvent) => void;
};

/** What came of it. */
export type ReviewedMergeRequest = {
  readonly report: LocalReport;
  /** What was done at GitLab; null where nothing was asked for. */
  readonly posted: Message | null;
};

/** How many heads are reviewed when commits are added meanwhile, as on a server. */
const MAX_ROUNDS = 2;

/**
 * Reviews a merge request of GitLab with the steps that a server takes, and publishes what was found where
 * `post` says so: what stands there already is known by its fingerprint and not said twice, and nothing is
 * published on a head that is no longer the newest. Throws a CommandError when no part could be reviewed or
 * commits came in every round, and a GitLabError for what GitLab refuses.
 */
export const reviewMergeRequest = async (review: MergeRequestReview): Promise<ReviewedMergeRequest> => {
  const { place, token, config, post, signal } = review;
  const clock = systemClock;
  const logger = silentLogger;
  const { forge, mergeRequest } = await openMergeRequest(place, token, { clock, logger, signal });
  const flow = flowFor(config, review.flowName, mergeRequest);
  // A walk-through that is not published would be paid for and shown nowhere.
  const section = post ? flow : { ...flow, findings: { ...flow.findings, summary: null } };
  const used = { ...config, flows: [{ ...section, shadow: null, reply: null }] };
  await using runners = await openRunners(used, { clock, logger });
  const claim = claimFor(mergeRequest, flow.name, review);
  const options = {
    claim,
    flow: findingsFlow(createFlows(used, runners)),
    forge,
    clock,
    logger,
    maxAttempts: null,
  };
  const opened = await openFindingsContext(options);
  let current = mergeRequest;
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const context = await underTeamRules(opened, current);
    const change = await readChange(context, current);
    const reviewed = await reviewChange(context, change);
    if (reviewed.kind === "failed") throw nothingReviewed(reviewed.reason);
    const report = toReport(context, change, reviewed);
    if (!post) return { report, posted: null };
    const published = await publish(context, change, reviewed);
    if (published.kind !== "head-moved") return { report, posted: describe(published, current) };
    current = published.mergeRequest;
  }
  throw new CommandError(message("cli.review.head-moved"), { code: "head-moved" });
};

const flowFor = (config: LocalConfig, name: string | null, { projectPath }: MergeRequest): FlowConfig => {
  const own = config.flows.find(
    ({ contract, projects }) => contract === "findings" && isProjectAllowed(projects, projectPath),
  );
  return name === null && own !== undefined ? own : chooseFlow(config, name);
};

const claimFor = (
  { ref, projectPath, headSha }: MergeRequest,
  flow: string,
  { signal, onEvent }: MergeRequestReview,
) => {
  const claim = createLocalClaim({ flow, headSha, nowMs: systemClock.now(), signal, onEvent });
  // It is not new to anybody: what was said already is read.
  const run = { ...claim.run, projectId: ref.projectId, projectPath, iid: ref.iid, trigger: "command-line" };
  return { ...claim, run };
};

const toReport = (
  { flow, desk }: FindingsContext,
  { mergeRequest: { projectPath, ref } }: Change,
  { findings, receipt, remarks, notices }: ReviewedChange,
): LocalReport => {
  const told = findings.filter((found) => isTold(found, flow.least));
  return {
    name: `${projectPath}!${ref.iid}`,
    root: null,
    flow: flow.name,
    findings: toLocalFindings(told),
    below: findings.length - told.length,
    receipt,
    untracked: [],
    remarks,
    notices,
    usage: desk.meter.total(),
  };
};

const publish = async (
  context: FindingsContext,
  change: Change,
  reviewed: ReviewedChange,
): Promise<Published> => publishReview(context, change, reviewed, await summarize(context, change, reviewed));

const describe = (
  published: Exclude<Published, { readonly kind: "head-moved" }>,
  { webUrl }: Pick<MergeRequest, "webUrl">,
): Message => {
  if (published.kind === "ended")
    return message("cli.review.not-published", { state: published.mergeRequest.state });
  const { plan, refused } = published;
  return message("cli.review.published", {
    opened: plan.open.length,
    kept: plan.keep.length,
    resolved: plan.resolve.length,
    summaryOnly: plan.fold.length,
    refused: refused.length,
    url: webUrl,
  });
};
