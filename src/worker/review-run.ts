import { type Reason, reasonOf } from "../base/reason.ts";
import { GitLabError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Secret } from "../base/secret.ts";
import type { MergeRequestEvent } from "../review/delivery-event.ts";
import { composeRunner } from "../review/compose-runner.ts";
import type { Forge } from "../review/forge.ts";
import { parseStoredEmoji } from "../review/conversation/stored-note.ts";
import { readRequest } from "../review/conversation/review-request.ts";
import { isSamePath, type ProjectPaths } from "../review/project-paths.ts";
import {
  isProjectUnproven,
  JOINED_PREFIX,
  parseJoined,
  parseStoredEvent,
  readStaleTask,
} from "../review/stored-event.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import { type Cause, decideClaimed } from "../review/decide.ts";
import type { TriggerRules } from "../review/triggers.ts";
import { DEFAULT_RETRY } from "../store/retry-policy.ts";
import type { Claim, Settlement } from "../store/store.ts";
import type { BudgetDesk } from "./budgets/budget-desk.ts";
import { guardFlow } from "./budgets/guard-flow.ts";
import { openRunBudget } from "./budgets/run-budget.ts";
import { tellPutOff } from "./budgets/tell-put-off.ts";
import type { Conversation } from "./conversation/conversation.ts";
import { DONE, converse } from "./conversation/converse.ts";
import { type Asker, tellRefusal } from "./conversation/tell-refusal.ts";
import { dropWaitingNotes, readWaitingNotes } from "./conversation/waiting-notes.ts";
import { reviewFindings, settleEnded, settleUnwanted } from "./findings/findings-review.ts";
import { type ProgressDisplay, withProgress } from "./progress/show-progress.ts";
import type { ReviewFlow } from "./review-flow.ts";
import type { Telling } from "./telling.ts";
import type { Lessons } from "./lessons/lessons.ts";
import { takeThumb } from "./lessons/look-back.ts";
import { remindOfThreads } from "./findings/remind.ts";
import type { ChooseFlow } from "./shadow/choose-flow.ts";
import { reviewText } from "./text-review.ts";

/** What a review needs of the other rooms. */
export type ReviewOptions = {
  readonly gitlabUrl: string;
  /** The server's own token; null where every delivery brings one. */
  readonly token: Secret | null;
  readonly createForge: (token: Secret) => Forge;
  /** What the forge calls projects; null or left out where the server has no token to ask with. */
  readonly projects?: ProjectPaths | null;
  readonly flows: ReadonlyMap<string, ReviewFlow>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often a run is tried at most, as the store is told; its default when left out. */
  readonly maxAttempts?: number;
  /** How notes are answered; without it they are not. */
  readonly conversation?: Conversation;
  /**
   * When merge requests of a project are reviewed: every run is decided again by it, with what its delivery
   * could not tell. Null, or without it, every run is made.
   */
  readonly rules?: (projectPath: string) => TriggerRules | null;
  /** How reviews learn from what people make of them; without it they do not. */
  readonly lessons?: Lessons;
  /** Chooses what makes a review in a flow's name; the flow itself when left out. */
  readonly chooseFlow?: ChooseFlow;
  /** What of reviews their merge requests show; nothing without it. */
  readonly progress?: ProgressDisplay;
  /** What projects may use in a day; without it as much as they like. */
  readonly budget?: BudgetDesk;
};

/** A run that can be worked on. */
type Prepared = { readonly flow: ReviewFlow; readonly token: Secret };

/**
 * Works on one claimed run: answers a note, or reads the merge request and has it reviewed under the
 * contract of its flow. What cannot be done now is thrown, with its retryability.
 */
export const reviewRun = async (claim: Claim, options: ReviewOptions): Promise<Settlement> => {
  const prepared = prepare(claim, options);
  if ("state" in prepared) return prepared;
  const foreign = await refuseForeign(claim, options);
  if (foreign !== null) return foreign;
  try {
    return await (claim.run.kind === "reply"
      ? answer(claim, prepared, options)
      : reviewMergeRequest(claim, prepared, options));
  } catch (error) {
    throw prepared.token === options.token ? refusedByProject(error, claim.run) : error;
  }
};

/** A project that the server's token may not read, or not write to, stays so until somebody lets it. */
const refusedByProject = (error: unknown, { projectPath }: Claim["run"]): unknown => {
  if (!(error instanceof GitLabError) || error.outside !== undefined) return error;
  const isRefused = error.code === "gitlab-forbidden" || /\bProject Not Found\b/i.test(error.said);
  if (!isRefused) return error;
  const outside = { peer: { kind: "project", name: projectPath }, verdict: "refused" } as const;
  const { code, status, said } = error;
  return new GitLabError(error.what, { code, status, outside, said, cause: error });
};

/**
 * A run whose sender may speak for some paths only is nobody's until the forge says that its id has this path.
 * Throws why the forge could not say it.
 */
const refuseForeign = async (
  { run }: Claim,
  { projects = null }: ReviewOptions,
): Promise<Settlement | null> => {
  if (projects === null || !isProjectUnproven(run.event)) return null;
  const answer = await projects.of(run.projectId);
  if (answer.kind === "unknown") throw answer.error;
  if (isSamePath(answer.path, run.projectPath)) return null;
  const named = { project: run.projectPath, id: run.projectId };
  return { state: "failed", reason: reasonOf("project-path-wrong", named), usage: run.usage };
};

const answer = async (claim: Claim, prepared: Prepared, options: ReviewOptions): Promise<Settlement> => {
  const event = parseStoredEmoji(claim.run.event);
  if (event === null) return answerNote(claim, prepared, options);
  const forge = options.createForge(prepared.token);
  const rules = options.rules?.(claim.run.projectPath) ?? null;
  const reason = await takeThumb({ claim, event, forge, rules, rate: options.lessons?.rate ?? null });
  return {
    state: "succeeded",
    reason,
    result: { kind: "reply", asked: "thumb", outcome: reason.code },
    usage: NO_USAGE,
  };
};

const answerNote = async (
  claim: Claim,
  { flow, token }: Prepared,
  { conversation, createForge, budget, clock, logger }: ReviewOptions,
): Promise<Settlement> => {
  if (conversation === undefined) return unusable(reasonOf("conversation-off"), claim);
  const answers = flow.reply === undefined ? conversation.answers : flow.reply;
  const guarded =
    budget === undefined || answers === null
      ? answers
      : { ...answers, runner: composeRunner(answers.runner, { budget: openRunBudget(claim, budget).guard }) };
  const forge = createForge(token);
  return converse({ claim, flow, forge, conversation: { ...conversation, answers: guarded }, clock, logger });
};

const reviewMergeRequest = async (
  claim: Claim,
  { flow: configured, token }: Prepared,
  options: ReviewOptions,
): Promise<Settlement> => {
  const event = parseStoredEvent(claim.run.event);
  if (event === null) return unusable(reasonOf("event-unreadable"), claim);
  const forge = options.createForge(token);
  const request = readRequest(claim.run.event);
  const chosen = (await options.chooseFlow?.(claim, configured)) ?? configured;
  const flow = { ...chosen, language: request?.language ?? chosen.language };
  const telling = { claim, flow, forge, logger: options.logger, targetBranch: event.targetBranch };
  const settlement = await reviewWithinBudget(telling, { event, flow, token }, options);
  const waiting = await readWaitingNotes(claim.memory);
  if (request !== null) await tellAsker(telling, request, settlement);
  for (const note of waiting) await tellAsker(telling, { ...note, isLater: true }, settlement);
  await dropWaitingNotes(claim.memory, waiting);
  return settlement;
};

/** Tells whoever asked for a review how it ended, where that is not to be seen otherwise. */
const tellAsker = async (telling: Telling, asker: Asker, settlement: Settlement): Promise<void> => {
  const { forge, claim } = telling;
  const { projectId, iid } = claim.run;
  if (settlement.state === "succeeded" || settlement.state === "partial-succeeded")
    await forge.react({ projectId, iid }, { noteId: asker.noteId, emoji: DONE }, claim.signal);
  if (settlement.state === "cancelled") await tellRefusal(telling, asker, settlement.reason);
  if (settlement.state === "failed")
    await tellRefusal(telling, asker, settlement.reason, "conversation.review-failed");
};

const reviewWithinBudget = async (
  telling: Telling,
  prepared: Prepared & { readonly event: MergeRequestEvent },
  options: ReviewOptions,
): Promise<Settlement> => {
  const { claim, forge } = telling;
  const { budget } = options;
  if (budget === undefined) return review(claim, prepared, forge, options);
  const flow = guardFlow(prepared.flow, openRunBudget(claim, budget));
  try {
    return await review(claim, { ...prepared, flow }, forge, options);
  } catch (error) {
    if (budget.tell) await tellPutOff(telling, error);
    throw error;
  }
};

const review = async (
  claim: Claim,
  { event, flow, token }: Prepared & { readonly event: MergeRequestEvent },
  forge: Forge,
  options: ReviewOptions,
): Promise<Settlement> => {
  const { projectId, iid } = claim.run;
  const mergeRequest = await forge.fetchMergeRequest({ projectId, iid }, claim.signal);
  if (mergeRequest.state !== "opened") return settleEnded(mergeRequest);
  const configured = options.rules?.(claim.run.projectPath) ?? null;
  const { headSha, targetBranch } = mergeRequest;
  await claim.reviews({ headSha, targetBranch });
  const joined = parseJoined(await claim.journal.entries(JOINED_PREFIX));
  const causes = [{ trigger: claim.run.trigger, event }, ...joined];
  const rules = configured === null ? null : await knowOurselves(configured, causes, forge, claim.signal);
  const known = { causes, history: await claim.history() };
  const unwanted =
    rules === null ? null : decideClaimed({ ...known, mergeRequest, changedFiles: null }, rules);
  if (unwanted !== null) return settleUnwanted(unwanted);
  const { clock, logger, gitlabUrl, lessons, maxAttempts = DEFAULT_RETRY.maxAttempts } = options;
  const stale = readStaleTask(claim.run.event);
  if (stale?.how === "remind")
    return remindOfThreads({ claim, flow, forge, clock, logger, rules, ...stale }, mergeRequest);
  const asked = rules === null ? null : { known, rules };
  return withProgress({ claim, forge, flow, mergeRequest }, options.progress ?? null, (shown) =>
    flow.contract === "findings"
      ? reviewFindings(
          { claim, flow, forge: shown, clock, logger, maxAttempts, asked, lessons },
          mergeRequest,
        )
      : reviewText({ claim, event, flow, token, forge: shown, gitlabUrl, logger }, mergeRequest),
  );
};

/** Whether the bot was asked for a review is known once it is known who the bot is; a server that just began may not. */
const knowOurselves = async (
  rules: TriggerRules,
  causes: readonly Cause[],
  forge: Forge,
  signal: AbortSignal,
): Promise<TriggerRules> => {
  const asks = causes.some(
    ({ event }) => event.reviewersAdded.length > 0 || event.reviewersAskedAgain.length > 0,
  );
  return rules.self === null && asks ? { ...rules, self: await forge.currentUser(signal) } : rules;
};

const unusable = (reason: Reason, { run }: Claim): Settlement => ({
  state: "failed",
  reason,
  usage: run.usage,
});

const prepare = (claim: Claim, options: ReviewOptions): Prepared | Settlement => {
  const flow = options.flows.get(claim.run.flow);
  if (flow === undefined) return unusable(reasonOf("flow-not-configured", { flow: claim.run.flow }), claim);
  const token = claim.token ?? options.token;
  if (token === null) return unusable(reasonOf("gitlab-token-missing"), claim);
  return { flow, token };
};
