import type { FlowEdge } from "../flow.ts";
import { fileProblem, type ProblemList, schemaProblems } from "./problems.ts";
import { EdgeEntry } from "./schema.ts";

/** The edges of a file, numbered where they have no id of their own; doubles are dropped. */
export const parseEdges = (raw: readonly unknown[], problems: ProblemList): readonly FlowEdge[] => {
  const edges = new Map<string, FlowEdge>();
  for (const [index, one] of raw.entries()) {
    const parsed = EdgeEntry.safeParse(one);
    if (!parsed.success) {
      const at = `workflow.graph.edges.${index}`;
      problems.errors.push(
        ...schemaProblems(parsed.error, (field, message) => fileProblem(`${at}.${field}`, message)),
      );
      continue;
    }
    const { source, sourceHandle, target } = parsed.data;
    edges.set(JSON.stringify([source, sourceHandle, target]), {
      id: `edge-${index}`,
      source,
      sourceHandle,
      target,
    });
  }
  return [...edges.values()];
};
