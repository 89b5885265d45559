import type { FlowEdge } from "../flow.ts";
import { parseData } from "../parse-data.ts";
import { fileProblems, type ProblemList } from "./problems.ts";
import { EdgeEntry } from "./schema.ts";

/** The edges of a file, numbered where they have no id of their own; doubles are dropped. */
export const parseEdges = (raw: readonly unknown[], problems: ProblemList): readonly FlowEdge[] => {
  const edges = new Map<string, FlowEdge>();
  for (const [index, one] of raw.entries()) {
    const parsed = parseData(EdgeEntry, one);
    if (!parsed.ok) {
      problems.errors.push(...fileProblems(`workflow.graph.edges.${index}`, parsed.problems));
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
