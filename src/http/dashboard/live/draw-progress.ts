import type { Translate } from "../../../messages/format-message.ts";
import { drawSvg, escapeXml } from "../../../flow/draw/draw-svg.ts";
import type { Flow, FlowNode } from "../../../flow/flow.ts";
import { type Call, nodeStates, type StepState } from "./run-progress.ts";

/** A node of a picture: its state, and how it is read out. */
export type DrawnNode = { readonly id: string; readonly state: StepState; readonly label: string };

/** The starts inside containers tell nothing of themselves: they stand as their container does. */
const INNER_STARTS: ReadonlySet<string> = new Set(["iteration-start", "loop-start"]);

/** How each node of the flow stands in a call. What has not run by the end of it was passed over. */
export const drawnNodes = (flow: Flow, call: Call, t: Translate): readonly DrawnNode[] => {
  const states = nodeStates(call);
  const unseen: StepState = call.state === "running" ? "waiting" : "skipped";
  const stateOf = ({ id, kind, containerId }: FlowNode): StepState =>
    states.get(INNER_STARTS.has(kind) && containerId !== null ? containerId : id) ?? unseen;
  return [...flow.nodes.values()].map((node) => {
    const state = stateOf(node);
    const title = node.title === "" ? node.kind : node.title;
    return { id: node.id, state, label: `${title}: ${t(`live.step.${state}`)}` };
  });
};

/** The place on the page that a node of the picture leads to. */
export const nodeAnchor = (nodeId: string): string => `node-${encodeURIComponent(nodeId)}`;

/**
 * The flow as SVG without inline style, each node a link to its steps that carries its state. All that
 * the file says is escaped.
 */
export const drawProgress = (flow: Flow, nodes: readonly DrawnNode[]): string => {
  const known = new Map(nodes.map((node) => [escapeXml(node.id), node]));
  return drawSvg(flow, { withStyle: false })
    .replace('role="img"', `role="group" class="flow-drawing" aria-label="${escapeXml(flow.name)}"`)
    .replaceAll(/<g data-node="([^"]*)">(.*?)<\/g>/gs, (whole, id: string, inner: string) => {
      const node = known.get(id);
      if (node === undefined) return whole;
      const target = escapeXml(nodeAnchor(node.id));
      return `<a href="#${target}" data-node="${id}" data-state="${node.state}" aria-label="${escapeXml(node.label)}">${inner}</a>`;
    });
};
