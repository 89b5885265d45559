import { createBoundedLabel, createChosenLabel } from "./bounded-label.ts";

/** The node kinds of Dify's files and servers that are worth a time series of their own. */
const NODE_KINDS = [
  "start",
  "end",
  "answer",
  "llm",
  "agent",
  "code",
  "template-transform",
  "if-else",
  "iteration",
  "iteration-start",
  "loop",
  "loop-start",
  "loop-end",
  "tool",
  "http-request",
  "knowledge-retrieval",
  "question-classifier",
  "parameter-extractor",
  "variable-aggregator",
  "assigner",
  "list-operator",
  "document-extractor",
  "human-input",
];

/** How attempts of runs are left. */
export const ATTEMPT_ENDS = [
  "succeeded",
  "partial-succeeded",
  "failed",
  "retry",
  "waiting",
  "cancelled",
  "handed-back",
] as const;

/** How runs end. */
export const RUN_ENDS = ["succeeded", "partial-succeeded", "failed", "cancelled", "superseded"] as const;

/** The labels of one registry, each with a bounded number of values. */
export const createLabels = () => ({
  delivery: createChosenLabel(["review", "reply", "cancel", "ignore", "duplicate", "refused", "unavailable"]),
  reason: createBoundedLabel(100, /^[a-z][a-z-]{0,60}$/),
  /** Flows and models have the names that the operator gave them, which may be in any language. */
  flow: createBoundedLabel(100, /^[^\p{Cc}]{1,100}$/u),
  model: createBoundedLabel(100, /^[^\p{Cc}]{1,100}$/u),
  attempt: createChosenLabel(ATTEMPT_ENDS),
  runState: createChosenLabel(RUN_ENDS),
  nodeKind: createChosenLabel(NODE_KINDS),
  nodeStatus: createChosenLabel(["succeeded", "failed", "exception", "stopped"]),
  flowStatus: createChosenLabel(["succeeded", "partial-succeeded", "failed", "stopped", "interrupted"]),
  modelOutcome: createBoundedLabel(20, /^[A-Za-z]{1,60}$/),
  currency: createBoundedLabel(10, /^[A-Z]{3}$/),
  method: createChosenLabel(["GET", "POST", "PUT", "DELETE"]),
  /** A template has no digits, which any real project's or merge request's path has. */
  route: createBoundedLabel(80, /^\/[a-z_/:.-]{1,100}$/),
  code: createBoundedLabel(40, /^[a-z][a-z-]{0,60}$/),
});

/** The labels of one registry. */
export type Labels = ReturnType<typeof createLabels>;
