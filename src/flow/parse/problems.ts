import type { FlowProblem } from "../flow.ts";
import type { DataProblem } from "../parse-data.ts";
import type { FlowMessage } from "../messages/message.ts";

/** Collects what is wrong and what is doubtful while a file is read, so that all is said at once. */
export type ProblemList = {
  readonly errors: FlowProblem[];
  readonly warnings: FlowProblem[];
};

/** An empty list. */
export const createProblemList = (): ProblemList => ({ errors: [], warnings: [] });

/** A problem of the file as a whole. */
export const fileProblem = (field: string, message: FlowMessage): FlowProblem => ({
  nodeId: null,
  title: null,
  field,
  message,
});

/** What is wrong in a part of the file; `place` is where that part stands. */
export const fileProblems = (place: string, problems: readonly DataProblem[]): readonly FlowProblem[] =>
  problems.map(({ field, message }) =>
    fileProblem([place, field].filter((part) => part !== "").join("."), message),
  );

/** A problem of one node. */
export const nodeProblem = (
  node: { readonly id: string; readonly title: string },
  field: string,
  message: FlowMessage,
): FlowProblem => ({ nodeId: node.id, title: node.title, field, message });
