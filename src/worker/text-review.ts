import { translator } from "../messages/format-message.ts";
import { type Reason, reasonOf, StoredReason } from "../base/reason.ts";
import { z } from "zod";
import { scopeJournal } from "../base/journal.ts";
import { JsonObject } from "../base/json.ts";
import type { Logger } from "../base/logger.ts";
import { addUsage } from "../flow/flow-event.ts";
import type { Secret } from "../base/secret.ts";
import type { MergeRequestEvent } from "../review/delivery-event.ts";
import { fitInputs } from "../review/fit-inputs.ts";
import type { FlowInput, FlowOutcome } from "../review/flow-runner.ts";
import type { Forge, MergeRequest, NoteReceipt } from "../review/forge.ts";
import { buildInputs, usesPlaceholder } from "../review/input-mapping.ts";
import { NOTE_KIND, noteMarker, renderNote } from "../review/note-text.ts";
import {
  dropThoughts,
  type FlowReading,
  readClassicOutcome,
  readNoteOutcome,
} from "../review/read-outcome.ts";
import { renderDiff } from "../review/render-diff.ts";
import type { Claim, Settlement } from "../store/store.ts";
import { createEventRecorder, recordedBy } from "./record-events.ts";
import { composeRunner } from "../review/compose-runner.ts";
import type { TextFlow } from "./review-flow.ts";
import { StoredOutcome } from "./stored-outcome.ts";
import { readSpentInVain, rejectTransient } from "./transient-outcome.ts";

/** One review of one merge request by a flow that writes text, with everything that its steps share. */
export type TextReview = {
  readonly claim: Claim;
  readonly event: MergeRequestEvent;
  readonly flow: TextFlow;
  readonly token: Secret;
  readonly forge: Forge;
  readonly gitlabUrl: string;
  readonly logger: Logger;
};

/** What the flow said about which head; kept so that a second attempt does not pay for it again. */
const FlowStep = z.object({
  headSha: z.string(),
  remarks: z.array(StoredReason),
  outcome: StoredOutcome,
});
type FlowStep = z.infer<typeof FlowStep>;

const FLOW_STEP = "flow-step";

/** Reviews under the contracts `classic` and `note`: runs the flow, and posts the text that it returned. */
export const reviewText = async (review: TextReview, mergeRequest: MergeRequest): Promise<Settlement> => {
  const { claim, flow } = review;
  const known = await readFlowStep(claim.journal);
  if (known === null && (await isUnchanged(review, mergeRequest)))
    return { state: "cancelled", reason: reasonOf("no-changes") };
  const step = known ?? (await runFlow(review, mergeRequest));
  claim.signal.throwIfAborted();
  const reading = readOutcome(flow, step.outcome);
  if (reading.kind === "failed") {
    return { state: "failed", reason: reading.reason, usage: step.outcome.usage };
  }
  const receipt = await publish(review, mergeRequest, step, reading);
  return {
    state: reading.partial ? "partial-succeeded" : "succeeded",
    reason: reading.remark ?? fallbackOf(step.outcome),
    result: { headSha: step.headSha, note: receipt === null ? null : { ...receipt } },
    usage: step.outcome.usage,
  };
};

/** Whether nothing is changed. Where GitLab counts no files it may not have counted yet: the diff tells. */
const isUnchanged = async ({ forge, claim }: TextReview, mergeRequest: MergeRequest): Promise<boolean> =>
  mergeRequest.changesCount === undefined &&
  (await forge.fetchDiff(mergeRequest, claim.signal)).files.length === 0;

const fallbackOf = ({ fallbackUsed }: FlowOutcome): Reason | null =>
  fallbackUsed === undefined ? null : reasonOf("fallback-used", { flow: fallbackUsed });

/** What the flow of a run said already; null while it has said nothing. */
export const readFlowStep = async (journal: Pick<Claim["journal"], "read">): Promise<FlowStep | null> => {
  const parsed = FlowStep.safeParse(await journal.read(FLOW_STEP));
  return parsed.success ? parsed.data : null;
};

/** Runs the flow and keeps what it said. Nothing is posted. */
export const runFlow = async (review: TextReview, mergeRequest: MergeRequest): Promise<FlowStep> => {
  const { claim, event, flow, forge, token, gitlabUrl } = review;
  const declared: readonly FlowInput[] = await flow.runner.describe(claim.signal);
  const diff = usesPlaceholder(flow.inputs, "mr.diff")
    ? renderDiff(await forge.fetchDiff(mergeRequest, claim.signal))
    : null;
  const { inputs, cuts } = fitInputs(
    buildInputs(flow.inputs, {
      event,
      mergeRequest,
      diff,
      gitlabUrl,
      token,
      language: flow.language,
    }),
    declared,
  );
  const logger = review.logger.child({ runId: claim.run.id, flow: flow.name });
  const about = { key: "flow", part: { role: "main", index: 0 }, files: [], digest: null } as const;
  const record = recordedBy(createEventRecorder(claim, logger), about);
  const outcome = await composeRunner(flow.runner, { record }).run({
    runId: claim.run.id,
    inputs,
    journal: scopeJournal(claim.journal, "flow:"),
    signal: claim.signal,
    onEvent: (flowEvent) =>
      logger.debug(
        { event: flowEvent.event, node: "node" in flowEvent ? flowEvent.node.title : undefined },
        "Flow event",
      ),
  });
  // A flow that posts by itself is not run again once it may have posted.
  if (flow.contract === "note" || outcome.transient?.mayHavePosted === false)
    await rejectTransient(claim, about.key, outcome);
  const fallback = fallbackOf(outcome);
  const remarks = [...cuts, ...(fallback === null ? [] : [fallback])];
  const usage = addUsage(outcome.usage, await readSpentInVain(claim));
  const step = { headSha: mergeRequest.headSha, remarks, outcome: { ...dropThoughts(outcome), usage } };
  await claim.journal.write(FLOW_STEP, JsonObject.parse(step));
  return FlowStep.parse(step);
};

const readOutcome = (flow: TextFlow, outcome: FlowOutcome): FlowReading =>
  flow.contract === "classic" ? readClassicOutcome(outcome) : readNoteOutcome(outcome, flow.output);

const publish = async (
  { claim, flow, forge }: TextReview,
  mergeRequest: MergeRequest,
  { headSha, remarks, outcome }: FlowStep,
  reading: FlowReading & { kind: "done" },
): Promise<NoteReceipt | null> => {
  if (reading.markdown === null) return null;
  const all = reading.remark === null ? remarks : [...remarks, reading.remark];
  const body = renderNote({
    flow: flow.name,
    language: flow.language,
    headSha,
    markdown: reading.markdown,
    models: outcome.usage.models ?? [],
    remarks: all.map(translator(flow.language).reason),
  });
  return forge.upsertNote(
    mergeRequest.ref,
    { marker: noteMarker(flow.name), kind: NOTE_KIND, body },
    claim.signal,
  );
};
