import type { z } from "zod";
import type { FlowProblem } from "../flow.ts";

/** Collects what is wrong and what is doubtful while a file is read, so that all is said at once. */
export type ProblemList = {
  readonly errors: FlowProblem[];
  readonly warnings: FlowProblem[];
};

/** An empty list. */
export const createProblemList = (): ProblemList => ({ errors: [], warnings: [] });

/** A problem of the file as a whole. */
export const fileProblem = (field: string, message: string): FlowProblem => ({
  nodeId: null,
  title: null,
  field,
  message,
});

/** A problem of one node. */
export const nodeProblem = (
  node: { readonly id: string; readonly title: string },
  field: string,
  message: string,
): FlowProblem => ({ nodeId: node.id, title: node.title, field, message });

/** The complaints of a schema, by field. */
export const schemaProblems = (
  error: z.ZodError,
  toProblem: (field: string, message: string) => FlowProblem,
): readonly FlowProblem[] =>
  error.issues.map((issue) => toProblem(issue.path.map(String).join("."), issue.message));
