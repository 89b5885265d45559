import type { Flow, FlowNode } from "../flow.ts";
import type { VariableUse } from "../node.ts";
import { nodeProblem, type ProblemList } from "../parse/problems.ts";

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

const missing = (flow: Flow, reader: FlowNode, { selector }: VariableUse): string | null => {
  const [source, name] = selector;
  if (source === undefined || name === undefined) {
    return selector.length === 0 ? "No variable is chosen." : `"${source}" alone names no variable.`;
  }
  const shown = `{{#${selector.join(".")}#}}`;
  if (source === "sys") return SYSTEM_NAMES.has(name) ? null : `${shown} is no system variable.`;
  if (source === "env") {
    return flow.environment.some((variable) => variable.name === name)
      ? null
      : `${shown} is no environment variable of this file.`;
  }
  if (source === "conversation") {
    return Object.hasOwn(flow.conversation, name)
      ? null
      : `${shown} is no conversation variable of this file.`;
  }
  const node = flow.nodes.get(source);
  if (node === undefined) return `${shown} refers to a node that is not in the file.`;
  return offers(node, reader, name)
    ? null
    : `${shown}: "${node.title}" (${node.id}) has no output "${name}".`;
};

/**
 * Warns of what nodes read and no node makes: some nodes fail when they come to it, others go on in silence as in Dify
 * (with null, or with the bare text of the reference).
 */
export const checkReferences = (flow: Flow, problems: ProblemList): void => {
  for (const node of flow.nodes.values()) {
    for (const use of node.declaration.reads) {
      const message = missing(flow, node, use);
      if (message === null) continue;
      const effect = use.needed ? "The node fails when it is reached." : "It stays empty.";
      problems.warnings.push(nodeProblem(node, use.field, `${message} ${effect}`));
    }
  }
};
