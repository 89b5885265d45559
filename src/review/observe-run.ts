import { contextLimitIn } from "../base/context-limit.ts";
import type { Peer } from "../base/outside.ts";
import { isTransientFailure, pauseAskedFor, verdictOnModel } from "../base/transient-failure.ts";
import type { Json } from "../base/json.ts";
import { withoutThoughts } from "../base/thoughts.ts";
import type { FlowEvent, NodeRef } from "../flow/flow-event.ts";
import type { FailureCause } from "../flow/ports.ts";
import type { FlowOutcome, IncompleteAnswer, TransientFailure } from "./flow-runner.ts";
import { englishOf, type FlowMessage, plainWords } from "../flow/messages/message.ts";
import { type Message, message } from "../messages/message.ts";

/** How a run ended, by the engine's own account. */
type EndedRun = Pick<FlowOutcome, "status" | "outputs" | "usage"> & {
  readonly error: FlowMessage | null;
};

/** Follows the events of one run, and adds what they show to the way in which it ended. */
export type RunObserver = {
  readonly see: (event: FlowEvent) => void;
  /** `cause` is what the engine tells of the failure; what the texts say is judged where the engine is another one. */
  readonly complete: (ended: EndedRun, cause?: FailureCause) => FlowOutcome;
};

/** Kinds of nodes that ask a model. */
const MODEL_KINDS = new Set([
  "llm",
  "agent",
  "question-classifier",
  "parameter-extractor",
  "knowledge-retrieval",
]);
/** Kinds of nodes that may change something elsewhere, besides requests that only read. */
const EFFECT_KINDS = new Set(["tool", "agent"]);
const READING_METHODS = new Set(["GET", "HEAD"]);
/** Why a model's answer has no text, or not all of it, by the finish reason that its node gives. */
const CAUSES: ReadonlyMap<string, IncompleteAnswer> = new Map([
  ["content_filter", "answer-filtered"],
  ["length", "answer-cut-short"],
  ["tool_calls", "answer-is-tool-call"],
  ["repetition", "answer-repeats-itself"],
  ["too_long", "answer-too-long"],
]);
/** Longer lists say no more. */
const MAX_NAMED = 5;

/**
 * An observer of one run; `behind` is what is waited for where the texts say that a model failed; null where they say too little. What it knows comes from the nodes: the run's own status counts a failure that the
 * node's next attempt made good, in Dify (`partial-succeeded`, `exceptions_count`) as in the engine here.
 */
export const createRunObserver = (behind: Peer | null = null): RunObserver => {
  const failed: { readonly node: NodeRef; readonly error: FlowMessage | null }[] = [];
  let steps = 0;
  let totalSteps: number | null = null;
  let hasPosted = false;
  let incomplete: IncompleteAnswer | undefined;

  const see = (event: FlowEvent): void => {
    switch (event.event) {
      case "node_retry":
        steps += 1;
        return;
      case "node_finished": {
        steps += 1;
        const { nodeType } = event.node;
        const { finish_reason: reason, text } = event.outputs;
        if (typeof reason === "string")
          incomplete = CAUSES.get(reason) ?? (isBlank(text) ? "answer-empty" : undefined);
        const reads = event.method !== undefined && READING_METHODS.has(event.method);
        hasPosted ||= EFFECT_KINDS.has(nodeType) || (nodeType === "http-request" && !reads);
        if (event.status === "failed" || event.status === "exception")
          failed.push({ node: event.node, error: event.error });
        return;
      }
      case "iteration_completed":
      case "loop_completed":
        steps += 1;
        return;
      case "workflow_finished":
        totalSteps = event.totalSteps;
        return;
      default:
        return;
    }
  };

  /** Whether the failure of a model is why the run failed, and what it tells by its text. */
  const verdictOf = ({ status, error }: EndedRun): "away" | "refused" | null => {
    // A run that was only looked up shows no node; then the text decides alone.
    const isOfModel = failed.length === 0 || failed.some(({ node }) => MODEL_KINDS.has(node.nodeType));
    return status === "failed" && isOfModel ? verdictOnModel(textOf(error)) : null;
  };

  /** Where nobody can wait for what failed, a new try is all that there is. */
  const passingOf = (
    ended: EndedRun,
    cause: FailureCause | undefined,
  ): Omit<TransientFailure, "mayHavePosted"> | null => {
    if (cause?.outside !== undefined) {
      const { pauseMs, ...outside } = cause.outside;
      return { outside, pauseMs };
    }
    if (cause !== undefined) return cause.passes === true ? { outside: null, pauseMs: null } : null;
    const verdict = verdictOf(ended);
    if (verdict === null || (behind === null && !isTransientFailure(textOf(ended.error)))) return null;
    const pauseMs = pauseAskedFor(textOf(ended.error)) ?? null;
    return { outside: behind === null ? null : { peer: behind, verdict }, pauseMs };
  };

  const transientOf = (ended: EndedRun, cause: FailureCause | undefined, sawAll: boolean) => {
    const passing = passingOf(ended, cause);
    return passing === null ? {} : { transient: { ...passing, mayHavePosted: hasPosted || !sawAll } };
  };

  /** What a node made of an answer that was not whole is no cause; why it was not whole is. */
  const incompleteOf = ({ status }: EndedRun): IncompleteAnswer | undefined => {
    const isOfModel = failed.some(({ node }) => MODEL_KINDS.has(node.nodeType));
    return status === "failed" && isOfModel ? undefined : incomplete;
  };

  return {
    see,
    complete: (ended, cause) => {
      const sawAll = totalSteps !== null && totalSteps > 0 && steps >= totalSteps;
      const sentences = new Map(
        failed.map(({ node, error }) => {
          const sentence = sentenceOf(node, error);
          return [JSON.stringify(sentence), sentence] as const;
        }),
      );
      const incompleteAnswer = incompleteOf(ended);
      const failedNodes = [...sentences.values()].slice(0, MAX_NAMED);
      return {
        ...ended,
        error: ended.error === null ? null : plainWords(ended.error),
        ...(incompleteAnswer === undefined ? {} : { incompleteAnswer }),
        ...(ended.status === "partial-succeeded" && failedNodes.length > 0 ? { failedNodes } : {}),
        ...transientOf(ended, cause, sawAll),
        ...limitOf(ended, cause),
      };
    },
  };
};

const limitOf = ({ status, error }: EndedRun, cause: FailureCause | undefined) => {
  if (status !== "failed") return {};
  const contextLimit = cause === undefined ? contextLimitIn(textOf(error)) : (cause.contextLimit ?? null);
  return contextLimit === null ? {} : { contextLimit };
};

/** Whether a model said nothing to a reader, whatever it thought. */
const isBlank = (text: Json | undefined): boolean =>
  typeof text === "string" && withoutThoughts(text).trim() === "";

const sentenceOf = ({ title, nodeId }: NodeRef, error: FlowMessage | null): Message => {
  const step = title || nodeId;
  return error === null || englishOf(error) === ""
    ? message("step.named", { step })
    : message("step.failed", { step, error });
};

/** What the words of others say; a message of ours says nothing of them. */
const textOf = (error: FlowMessage | null): string => (error === null ? "" : englishOf(error));
