import type { Flow, FlowNode, NodeBox } from "../flow.ts";

const WIDTH = 244;
const HEIGHT = 64;
const GAP_X = 80;
const GAP_Y = 40;
const PADDING = 48;

/** The longest way to each node of one level, in edges. */
const columnsOf = (flow: Flow, nodes: readonly FlowNode[]): ReadonlyMap<string, number> => {
  const columns = new Map(nodes.map((node) => [node.id, 0]));
  const edges = flow.edges.filter((edge) => columns.has(edge.source) && columns.has(edge.target));
  // Flows have no circles, so that the columns settle after as many rounds as there are nodes.
  for (let round = 0; round < nodes.length; round += 1) {
    let isSettled = true;
    for (const { source, target } of edges) {
      const column = (columns.get(source) ?? 0) + 1;
      if (column <= (columns.get(target) ?? 0)) continue;
      columns.set(target, column);
      isSettled = false;
    }
    if (isSettled) break;
  }
  return columns;
};

type Placed = { readonly boxes: Map<string, NodeBox>; readonly width: number; readonly height: number };

/** Puts one level into columns, with what is inside containers already placed. */
const placeLevel = (flow: Flow, containerId: string | null): Placed => {
  const nodes = [...flow.nodes.values()].filter((node) => node.containerId === containerId);
  const columns = columnsOf(flow, nodes);
  const inner = new Map(
    nodes.filter((node) => node.role === "container").map((node) => [node.id, placeLevel(flow, node.id)]),
  );
  const boxes = new Map<string, NodeBox>();
  let x = 0;
  let height = 0;
  const last = Math.max(0, ...columns.values());
  for (let column = 0; column <= last; column += 1) {
    let y = 0;
    let width = 0;
    for (const node of nodes) {
      if (columns.get(node.id) !== column) continue;
      const inside = inner.get(node.id);
      const box = {
        x,
        y,
        width: inside === undefined ? WIDTH : inside.width + 2 * PADDING,
        height: inside === undefined ? HEIGHT : inside.height + 2 * PADDING,
      };
      boxes.set(node.id, box);
      for (const [id, child] of inside?.boxes ?? []) {
        boxes.set(id, { ...child, x: child.x + x + PADDING, y: child.y + y + PADDING });
      }
      y += box.height + GAP_Y;
      width = Math.max(width, box.width);
    }
    height = Math.max(height, y - GAP_Y);
    x += width + GAP_X;
  }
  return { boxes, width: Math.max(0, x - GAP_X), height: Math.max(0, height) };
};

/** The boxes as Dify's canvas has them; undefined when some node has no place. */
const canvasBoxes = (flow: Flow): ReadonlyMap<string, NodeBox> | undefined => {
  const boxes = new Map<string, NodeBox>();
  const place = (node: FlowNode): NodeBox | undefined => {
    const known = boxes.get(node.id);
    if (known !== undefined || node.box === null) return known;
    const container = node.containerId === null ? undefined : flow.nodes.get(node.containerId);
    const around = container === undefined ? undefined : place(container);
    const box = { ...node.box, x: node.box.x + (around?.x ?? 0), y: node.box.y + (around?.y ?? 0) };
    boxes.set(node.id, box);
    return box;
  };
  return [...flow.nodes.values()].every((node) => place(node) !== undefined) ? boxes : undefined;
};

/**
 * Where each node of a flow is drawn: as on Dify's canvas, or in columns when the file has no positions.
 * Boxes are absolute; those of containers hold those of their children.
 */
export const layoutFlow = (flow: Flow): ReadonlyMap<string, NodeBox> =>
  canvasBoxes(flow) ?? placeLevel(flow, null).boxes;
