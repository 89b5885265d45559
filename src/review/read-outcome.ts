import type { JsonObject } from "../base/json.ts";
import { withoutThoughts } from "../base/thoughts.ts";
import type { FlowOutcome } from "./flow-runner.ts";
import { readableFailure } from "./readable-failure.ts";
import type { Remark } from "./remark.ts";

/** What a finished flow means under its contract. */
export type FlowReading =
  /** The flow did its work. `markdown` is what the server has to post, null when the flow posted itself. */
  | {
      readonly kind: "done";
      readonly markdown: string | null;
      readonly partial: boolean;
      readonly remark: Remark | null;
    }
  | { readonly kind: "failed"; readonly code: string; readonly reason: string };

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

const failed = (code: string, reason: string): FlowReading => ({ kind: "failed", code, reason });

/**
 * Reads how a flow of the `classic` contract ended: it posts by itself, and an output `error_message`
 * that is not empty means that it could not, whatever the status says (its error branch ends well).
 */
export const readClassicOutcome = (outcome: FlowOutcome): FlowReading => {
  const reported = outcome.outputs["error_message"];
  if (typeof reported === "string" && reported.trim() !== "")
    return failed("flow-reported-error", `The flow reports: ${readableFailure(reported)}`);
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
  if (name === null) {
    return failed(
      "flow-output-unclear",
      `The flow's outputs hold ${describeTexts(outcome.outputs)}; name the one with the review in flows.<name>.output`,
    );
  }
  const markdown = outcome.outputs[name];
  if (typeof markdown !== "string") {
    return failed(
      "flow-output-missing",
      `The flow has no text output named ${name}; it has ${Object.keys(outcome.outputs).join(", ") || "none"}`,
    );
  }
  if (markdown.trim() === "")
    return failed("flow-output-empty", `The flow's output ${name} is empty${becauseOf(outcome)}`);
  return done(outcome, markdown);
};

/** The cause of an answer that cannot be used, as the end of a sentence; empty where it is not known. */
export const becauseOf = ({ incompleteAnswer }: FlowOutcome): string =>
  incompleteAnswer === undefined ? "" : `: ${incompleteAnswer}`;

const readStatus = ({ status, error }: FlowOutcome): FlowReading | null => {
  if (status === "failed") return failed("flow-failed", `The flow failed: ${error ?? "without a reason"}`);
  if (status === "stopped")
    return failed("flow-stopped", `The flow was stopped: ${error ?? "by someone on its server"}`);
  return null;
};

const done = (outcome: FlowOutcome, markdown: string | null): FlowReading => {
  const remark = remarkOnSteps(outcome);
  return { kind: "done", markdown, partial: remark !== null, remark };
};

/**
 * A sentence about the nodes that failed in a run which went on without them; null when none is known to
 * have. The run's own status is no reason for one: a retry that succeeded makes it `partial-succeeded`, too.
 */
export const remarkOnSteps = ({ failedNodes = [] }: FlowOutcome): Remark | null =>
  failedNodes.length === 0
    ? null
    : {
        text: "Some steps of the flow failed",
        cause: `${failedNodes.map((step) => step.replace(/[.\s]+$/, "")).join("; ")}.`,
      };

const textNames = (outputs: JsonObject): string[] =>
  Object.entries(outputs).flatMap(([name, value]) => (typeof value === "string" ? [name] : []));

const onlyText = (outputs: JsonObject): string | null => {
  const [first, second] = textNames(outputs);
  return first !== undefined && second === undefined ? first : null;
};

const describeTexts = (outputs: JsonObject): string => {
  const names = textNames(outputs);
  return names.length === 0 ? "no text" : `several texts (${names.join(", ")})`;
};
