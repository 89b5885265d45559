import type { Flow, FlowNode } from "../flow.ts";
import type { VariableUse } from "../node.ts";
import { nodeProblem, type ProblemList } from "../parse/problems.ts";
import { type FlowMessage, flowMessage } from "../messages/message.ts";

/** The `sys.` values that a run has. */
const SYSTEM_NAMES: ReadonlySet<string> = new Set([
  "user_id",
  "app_id",
  "workflow_id",
  "workflow_run_id",
  "files",
  "timestamp",
  "query",
  "conversation_id",
  "dialogue_count",
]);

const ERROR_OUTPUTS: ReadonlySet<string> = new Set(["error_message", "error_type"]);

const offers = (node: FlowNode, reader: FlowNode, name: string): boolean => {
  const { outputs, inside } = node.declaration;
  if (outputs === null || Object.hasOwn(outputs, name) || Object.hasOwn(node.defaultValues, name))
    return true;
  if (node.errorStrategy !== null && ERROR_OUTPUTS.has(name)) return true;
  if (node.kind === "start" && name.startsWith("sys.")) return true;
  return inside !== undefined && reader.containerId !== null && Object.hasOwn(inside.variables, name);
};

const missing = (flow: Flow, reader: FlowNode, { selector }: VariableUse): FlowMessage | null => {
  const [source, name] = selector;
  if (source === undefined || name === undefined) {
    return source === undefined
      ? flowMessage("flow.reference.none")
      : flowMessage("flow.reference.incomplete", { source });
  }
  const variable = `{{#${selector.join(".")}#}}`;
  if (source === "sys")
    return SYSTEM_NAMES.has(name) ? null : flowMessage("flow.reference.system", { variable });
  if (source === "env") {
    return flow.environment.some((one) => one.name === name)
      ? null
      : flowMessage("flow.reference.environment", { variable });
  }
  if (source === "conversation") {
    return Object.hasOwn(flow.conversation, name)
      ? null
      : flowMessage("flow.reference.conversation", { variable });
  }
  const node = flow.nodes.get(source);
  if (node === undefined) return flowMessage("flow.reference.node", { variable });
  return offers(node, reader, name)
    ? null
    : flowMessage("flow.reference.output", { variable, title: node.title, id: node.id, output: name });
};

/**
 * Warns of what nodes read and no node makes: some nodes fail when they come to it, others go on in silence as in Dify
 * (with null, or with the bare text of the reference).
 */
export const checkReferences = (flow: Flow, problems: ProblemList): void => {
  for (const node of flow.nodes.values()) {
    for (const use of node.declaration.reads) {
      const problem = missing(flow, node, use);
      if (problem === null) continue;
      const message = flowMessage(use.needed ? "flow.problem.fails" : "flow.problem.stays-empty", {
        problem,
      });
      problems.warnings.push(nodeProblem(node, use.field, message));
    }
  }
};
