import { z } from "zod";
import { JsonObject } from "../base/json.ts";
import { scopeJournal } from "../base/journal.ts";
import type { Logger } from "../base/logger.ts";
import type { Secret } from "../base/secret.ts";
import { FlowUsage } from "../flow/flow-usage.ts";
import type { MergeRequestEvent } from "../review/delivery-event.ts";
import { fitInputs } from "../review/fit-inputs.ts";
import type { FlowInput, FlowOutcome, FlowRunner } from "../review/flow-runner.ts";
import type { Forge, MergeRequest, NoteReceipt } from "../review/forge.ts";
import { buildInputs, type InputTemplates, usesPlaceholder } from "../review/input-mapping.ts";
import { noteMarker, renderNote } from "../review/note-text.ts";
import { type FlowReading, readClassicOutcome, readNoteOutcome } from "../review/read-outcome.ts";
import { renderDiff } from "../review/render-diff.ts";
import { parseStoredEvent } from "../review/stored-event.ts";
import type { Claim, Settlement } from "../store/store.ts";

/** A flow, ready to run. */
export type ReviewFlow = {
  readonly name: string;
  readonly contract: "classic" | "note";
  readonly language: string;
  readonly inputs: InputTemplates;
  readonly output: string | null;
  readonly runner: FlowRunner;
};

/** What a review needs of the other rooms. */
export type ReviewOptions = {
  readonly gitlabUrl: string;
  /** The server's own token; null where every delivery brings one. */
  readonly token: Secret | null;
  readonly createForge: (token: Secret) => Forge;
  readonly flows: ReadonlyMap<string, ReviewFlow>;
  readonly logger: Logger;
};

/** What the flow said about which head; kept so that a second attempt does not pay for it again. */
const FlowStep = z.object({
  headSha: z.string(),
  remarks: z.array(z.string()),
  outcome: z.object({
    status: z.enum(["succeeded", "partial-succeeded", "failed", "stopped"]),
    outputs: JsonObject,
    error: z.string().nullable(),
    usage: FlowUsage,
  }),
});
type FlowStep = z.infer<typeof FlowStep>;

/** One review of one merge request, with everything that its steps share. */
type Review = {
  readonly claim: Claim;
  readonly event: MergeRequestEvent;
  readonly flow: ReviewFlow;
  readonly token: Secret;
  readonly forge: Forge;
  readonly options: ReviewOptions;
};

const FLOW_STEP = "flow-step";

/**
 * Works on one claimed run: reads the merge request, runs the flow, and posts what the flow left to
 * us. What cannot be done now is thrown, with its retryability.
 */
export const reviewRun = async (claim: Claim, options: ReviewOptions): Promise<Settlement> => {
  const review = prepare(claim, options);
  if ("state" in review) return review;
  const mergeRequest = await review.forge.fetchMergeRequest(
    { projectId: claim.run.projectId, iid: claim.run.iid },
    claim.signal,
  );
  if (mergeRequest.state !== "opened") {
    return { state: "cancelled", reason: `The merge request is ${mergeRequest.state}.` };
  }
  const step = (await readFlowStep(claim)) ?? (await runFlow(review, mergeRequest));
  claim.signal.throwIfAborted();
  const reading = readOutcome(review.flow, step.outcome);
  if (reading.kind === "failed") {
    return { state: "failed", reason: reading.reason, reasonCode: reading.code, usage: step.outcome.usage };
  }
  const receipt = await publish(review, mergeRequest, step, reading);
  return {
    state: reading.partial ? "partial-succeeded" : "succeeded",
    reason: reading.remark,
    result: { headSha: step.headSha, note: receipt === null ? null : { ...receipt } },
    usage: step.outcome.usage,
  };
};

const unusable = (code: string, reason: string, { run }: Claim): Settlement => ({
  state: "failed",
  reason,
  reasonCode: code,
  usage: run.usage,
});

const prepare = (claim: Claim, options: ReviewOptions): Review | Settlement => {
  const flow = options.flows.get(claim.run.flow);
  if (flow === undefined) {
    const reason = `The flow ${claim.run.flow} is no longer configured; add it to flows or send the event again.`;
    return unusable("flow-not-configured", reason, claim);
  }
  const event = parseStoredEvent(claim.run.event);
  if (event === null) {
    return unusable("event-unreadable", "The stored event cannot be read; send the event again.", claim);
  }
  const token = claim.token ?? options.token;
  if (token === null) {
    const reason =
      "The token that came with the event is gone and GITLAB_TOKEN is not set; send the event again.";
    return unusable("gitlab-token-missing", reason, claim);
  }
  return { claim, event, flow, token, forge: options.createForge(token), options };
};

const readFlowStep = async ({ journal }: Claim): Promise<FlowStep | null> => {
  const parsed = FlowStep.safeParse(await journal.read(FLOW_STEP));
  return parsed.success ? parsed.data : null;
};

const runFlow = async (review: Review, mergeRequest: MergeRequest): Promise<FlowStep> => {
  const { claim, event, flow, forge, token, options } = review;
  const declared: readonly FlowInput[] = await flow.runner.describe(claim.signal);
  const diff = usesPlaceholder(flow.inputs, "mr.diff")
    ? renderDiff(await forge.fetchDiff(mergeRequest, claim.signal))
    : null;
  const { inputs, cuts } = fitInputs(
    buildInputs(flow.inputs, {
      event,
      mergeRequest,
      diff,
      gitlabUrl: options.gitlabUrl,
      token,
      language: flow.language,
    }),
    declared,
  );
  const logger = options.logger.child({ runId: claim.run.id, flow: flow.name });
  const outcome = await flow.runner.run({
    runId: claim.run.id,
    inputs,
    journal: scopeJournal(claim.journal, "flow:"),
    signal: claim.signal,
    onEvent: (flowEvent) => {
      logger.debug(
        { event: flowEvent.event, node: "node" in flowEvent ? flowEvent.node.title : undefined },
        "Flow event",
      );
    },
  });
  const step = { headSha: mergeRequest.headSha, remarks: [...cuts], outcome };
  await claim.journal.write(FLOW_STEP, JsonObject.parse(step));
  return FlowStep.parse(step);
};

const readOutcome = (flow: ReviewFlow, outcome: FlowOutcome): FlowReading =>
  flow.contract === "classic" ? readClassicOutcome(outcome) : readNoteOutcome(outcome, flow.output);

const publish = async (
  { claim, flow, forge }: Review,
  mergeRequest: MergeRequest,
  { headSha, remarks }: FlowStep,
  reading: FlowReading & { kind: "done" },
): Promise<NoteReceipt | null> => {
  if (reading.markdown === null) return null;
  const all = reading.remark === null ? remarks : [...remarks, reading.remark];
  const body = renderNote({ flow: flow.name, headSha, markdown: reading.markdown, remarks: all });
  return forge.upsertNote(mergeRequest.ref, { marker: noteMarker(flow.name), body }, claim.signal);
};
