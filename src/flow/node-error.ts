/**
 * A node cannot go on with the values it was given. The engine turns it into the node's failure of the
 * type `WorkflowNodeError`, as Dify does with whatever its nodes raise.
 */
export class NodeError extends Error {
  override readonly name = "NodeError";
}
