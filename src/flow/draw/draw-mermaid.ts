import type { Flow, FlowNode } from "../flow.ts";

/** Mermaid reads `#…;` as characters and quotes as the end of a label. */
const escapeLabel = (text: string): string =>
  text
    .replaceAll("&", "#amp;")
    .replaceAll('"', "#quot;")
    .replaceAll("<", "#lt;")
    .replaceAll(">", "#gt;")
    .replaceAll(/[\r\n]+/g, " ");

const nameOf = (node: FlowNode): string => (node.title === "" ? node.kind : node.title);

const shapeOf = (node: FlowNode, id: string): string => {
  const label = `"${escapeLabel(nameOf(node))}<br/><small>${escapeLabel(node.kind)}</small>"`;
  if (node.role === "root") return `${id}([${label}])`;
  if (node.role === "branch") return `${id}{${label}}`;
  return node.role === "response" ? `${id}[[${label}]]` : `${id}[${label}]`;
};

/** The most characters of a class's name that an edge carries; people write whole sentences into them. */
const LONGEST_LABEL = 24;

/** The name that a handle has for people: a class's own, else its place among the cases. */
export const handleLabel = (node: FlowNode | undefined, handle: string): string => {
  if (handle === "source") return "";
  const named = Array.from(node?.declaration.handleNames?.get(handle)?.trim() ?? "");
  if (named.length > LONGEST_LABEL) return `${named.slice(0, LONGEST_LABEL - 1).join("")}…`;
  if (named.length > 0) return named.join("");
  if (handle === "fail-branch") return "fails";
  if (handle === "false") return "else";
  const at = node?.declaration.handles.indexOf(handle) ?? -1;
  if (node?.kind === "if-else" && at !== -1) return at === 0 ? "if" : `else if ${at}`;
  return handle;
};

/**
 * A flow as a Mermaid flowchart (mermaid.js.org), left to right; iterations and loops are subgraphs. Ids
 * are made anew, since Mermaid does not take all that Dify does.
 */
export const drawMermaid = (flow: Flow): string => {
  const ids = new Map([...flow.nodes.keys()].map((id, index) => [id, `n${index}`]));
  const lines = ["flowchart LR"];
  const nodesIn = Map.groupBy(flow.nodes.values(), (node) => node.containerId);
  const addLevel = (containerId: string | null, indent: string): void => {
    for (const node of nodesIn.get(containerId) ?? []) {
      const id = ids.get(node.id) ?? "";
      if (node.role !== "container") {
        lines.push(indent + shapeOf(node, id));
        continue;
      }
      lines.push(`${indent}subgraph ${id} ["${escapeLabel(nameOf(node))} (${escapeLabel(node.kind)})"]`);
      addLevel(node.id, `${indent}  `);
      lines.push(`${indent}end`);
    }
  };
  addLevel(null, "  ");
  for (const { source, sourceHandle, target } of flow.edges) {
    const label = handleLabel(flow.nodes.get(source), sourceHandle);
    const arrow = label === "" ? "-->" : `-->|"${escapeLabel(label)}"|`;
    lines.push(`  ${ids.get(source) ?? ""} ${arrow} ${ids.get(target) ?? ""}`);
  }
  return `${lines.join("\n")}\n`;
};
