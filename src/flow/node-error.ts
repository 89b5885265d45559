import { englishOf, type FlowMessage } from "./messages/message.ts";

/**
 * A node cannot go on with the values it was given. Its failure has Dify's name `errorType`, or else the name that Dify
 * gives whatever its nodes raise: `WorkflowNodeError`.
 */
export class NodeError extends Error {
  override readonly name = "NodeError";
  readonly what: FlowMessage;
  readonly errorType: string | null;

  constructor(what: FlowMessage, errorType: string | null = null) {
    super(englishOf(what));
    this.what = what;
    this.errorType = errorType;
  }
}
