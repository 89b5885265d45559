import { type Reason, reasonOf, withDetail } from "../base/reason.ts";
import type { JsonObject } from "../base/json.ts";
import { withoutThoughts } from "../base/thoughts.ts";
import type { FlowOutcome } from "./flow-runner.ts";
import { readableFailure } from "./readable-failure.ts";
import { message } from "../messages/message.ts";

/** What a finished flow means under its contract. */
export type FlowReading =
  /** The flow did its work. `markdown` is what the server has to post, null when the flow posted itself. */
  | {
      readonly kind: "done";
      readonly markdown: string | null;
      readonly partial: boolean;
      readonly remark: Reason | null;
    }
  | { readonly kind: "failed"; readonly reason: Reason };

/** The outcome with every text among its outputs as the model meant it for readers, without its thoughts. */
export const dropThoughts = (outcome: FlowOutcome): FlowOutcome => ({
  ...outcome,
  outputs: Object.fromEntries(
    Object.entries(outcome.outputs).map(([name, value]) => [
      name,
      typeof value === "string" ? withoutThoughts(value) : value,
    ]),
  ),
});

const failed = (reason: Reason): FlowReading => ({ kind: "failed", reason });

/**
 * Reads how a flow of the `classic` contract ended: it posts by itself, and an output `error_message`
 * that is not empty means that it could not, whatever the status says (its error branch ends well).
 */
export const readClassicOutcome = (outcome: FlowOutcome): FlowReading => {
  const reported = outcome.outputs["error_message"];
  if (typeof reported === "string" && reported.trim() !== "")
    return failed(reasonOf("flow-reported-error", { detail: readableFailure(reported) }));
  return readStatus(outcome) ?? done(outcome, null);
};

/**
 * Reads how a flow of the `note` contract ended. `output` names the output that holds the Markdown;
 * null takes the only text among the outputs.
 */
export const readNoteOutcome = (outcome: FlowOutcome, output: string | null): FlowReading => {
  const ended = readStatus(outcome);
  if (ended !== null) return ended;
  const name = output ?? onlyText(outcome.outputs);
  if (name === null) return failed(reasonOf("flow-output-unclear", { outputs: textNames(outcome.outputs) }));
  const markdown = outcome.outputs[name];
  if (typeof markdown !== "string")
    return failed(reasonOf("flow-output-missing", { output: name, outputs: Object.keys(outcome.outputs) }));
  if (markdown.trim() === "")
    return failed(reasonOfIncomplete(outcome) ?? reasonOf("flow-output-empty", { output: name }));
  return done(outcome, markdown);
};

/** Why an answer cannot be used that a model did not finish; null where that is not known. */
export const reasonOfIncomplete = ({ incompleteAnswer }: FlowOutcome): Reason | null =>
  incompleteAnswer === undefined ? null : reasonOf(incompleteAnswer);

/** Why a flow did not end well; null for one that did. */
export const reasonOfStatus = (outcome: FlowOutcome): Reason | null => {
  const { status, error } = outcome;
  if (status !== "failed" && status !== "stopped") return null;
  const incomplete = status === "failed" ? reasonOfIncomplete(outcome) : null;
  return withDetail(incomplete ?? reasonOf(`flow-${status}`), error ?? "");
};

const readStatus = (outcome: FlowOutcome): FlowReading | null => {
  const reason = reasonOfStatus(outcome);
  return reason === null ? null : failed(reason);
};

const done = (outcome: FlowOutcome, markdown: string | null): FlowReading => {
  const remark = remarkOnSteps(outcome);
  return { kind: "done", markdown, partial: remark !== null, remark };
};

/**
 * A remark about the nodes that failed in a run which went on without them; null when none is known to
 * have. The run's own status is no reason for one: a retry that succeeded makes it `partial-succeeded`, too.
 */
export const remarkOnSteps = ({ failedNodes = [] }: FlowOutcome): Reason | null => {
  const [first, ...more] = failedNodes;
  if (first === undefined) return null;
  const detail = more.length === 0 ? first : message("step.list", { steps: failedNodes });
  return reasonOf("steps-failed", { steps: failedNodes.length, detail });
};

const textNames = (outputs: JsonObject): string[] =>
  Object.entries(outputs).flatMap(([name, value]) => (typeof value === "string" ? [name] : []));

const onlyText = (outputs: JsonObject): string | null => {
  const [first, second] = textNames(outputs);
  return first !== undefined && second === undefined ? first : null;
};
