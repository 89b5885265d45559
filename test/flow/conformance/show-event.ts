import type { FlowEvent, NodeRef } from "../../../src/flow/flow-event.ts";

const at = ({ nodeId, container }: NodeRef): string =>
  container === null ? nodeId : `${nodeId}@${container.nodeId}[${container.index}]`;

/** An event as one short line, for expectations that people write by hand. */
export const showEvent = (event: FlowEvent): string => {
  switch (event.event) {
    case "workflow_started":
      return "workflow started";
    case "workflow_finished":
      return `workflow ${event.status}`;
    case "node_started":
      return `${at(event.node)} started`;
    case "node_finished":
      return `${at(event.node)} ${event.status}${event.resumed === true ? " resumed" : ""}`;
    case "node_retry":
      return `${at(event.node)} retry ${event.retryIndex}`;
    case "iteration_started":
    case "loop_started":
      return `${at(event.node)} started ${event.length}`;
    case "iteration_next":
    case "loop_next":
      return `${at(event.node)} round ${event.index}`;
    case "iteration_completed":
    case "loop_completed":
      return `${at(event.node)} completed ${event.status}`;
    case "text_chunk":
    case "text_replace":
    case "reasoning_chunk":
      return `${event.event}: ${event.text}`;
    default:
      return event.event;
  }
};
