import type { FlowEvent, NodeRef } from "../flow/flow-event.ts";
import type { OpenSpan } from "./tracing.ts";

/** Turns the events of one run of a flow to spans, one for each node, iterations and loops around theirs. */
export type FlowSpans = {
  readonly see: (event: FlowEvent) => void;
  /** Ends what is still open, as a run that was broken off leaves it. */
  readonly end: () => void;
};

/** More nodes than this are open at once in no flow; a server that never ends one must not fill our memory. */
const MAX_OPEN = 1_000;

const keyOf = ({ nodeId, container }: NodeRef): string =>
  container === null ? nodeId : `${nodeId} in ${container.nodeId}[${container.index}]`;

/** Watches a run below `flow`, the span of the run itself. */
export const createFlowSpans = (flow: OpenSpan): FlowSpans => {
  const open = new Map<string, OpenSpan>();
  /** The latest open span of a container, whichever round it is itself in. */
  const containers = new Map<string, OpenSpan>();
  const begin = (node: NodeRef): OpenSpan => {
    const parent = (node.container === null ? undefined : containers.get(node.container.nodeId)) ?? flow;
    return parent.open({
      name: `node ${node.nodeType}`,
      attributes: {
        "reviewflow.node.id": node.nodeId,
        "reviewflow.node.kind": node.nodeType,
        ...(node.container === null ? {} : { "reviewflow.node.round": node.container.index }),
      },
    });
  };
  const started = (node: NodeRef): void => {
    const key = keyOf(node);
    if (open.has(key) || open.size >= MAX_OPEN) return;
    const span = begin(node);
    open.set(key, span);
    if (node.nodeType === "iteration" || node.nodeType === "loop") containers.set(node.nodeId, span);
  };
  const finished = (node: NodeRef, status: string, resumed: boolean): void => {
    const key = keyOf(node);
    const span = open.get(key) ?? begin(node);
    open.delete(key);
    if (containers.get(node.nodeId) === span) containers.delete(node.nodeId);
    span.set({ "reviewflow.node.status": status, ...(resumed ? { "reviewflow.node.resumed": true } : {}) });
    span.end(status === "failed" || status === "exception" ? `node-${status}` : null);
  };
  return {
    see: (event) => {
      if (event.event === "node_started") started(event.node);
      if (event.event === "node_finished") finished(event.node, event.status, event.resumed === true);
    },
    end: () => {
      for (const span of open.values()) span.end("interrupted");
      open.clear();
      containers.clear();
    },
  };
};
