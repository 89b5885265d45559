import type { Flow, FlowNode, NodeBox } from "../flow.ts";

const WIDTH = 244;
const HEIGHT = 64;
const GAP_X = 80;
const GAP_Y = 40;
const PADDING = 48;

/** The longest way to each node of one level, in edges; edges that lead back in a circle are passed over. */
const columnsOf = (
  nodes: readonly FlowNode[],
  targets: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> => {
  const columns = new Map(nodes.map((node) => [node.id, 0]));
  const incoming = new Map<string, number>();
  const inside = (id: string): readonly string[] => (targets.get(id) ?? []).filter((one) => columns.has(one));
  for (const { id } of nodes) {
    for (const target of inside(id)) incoming.set(target, (incoming.get(target) ?? 0) + 1);
  }
  const free = nodes.filter(({ id }) => !incoming.has(id)).map(({ id }) => id);
  // In a circle no node is free; the first that is left goes on from where it stands.
  for (const { id } of nodes) {
    for (const one of free.splice(0)) settleFrom(one, columns, incoming, inside);
    if (incoming.has(id)) {
      incoming.delete(id);
      settleFrom(id, columns, incoming, inside);
    }
  }
  return columns;
};

/** Puts what is behind a node into columns, as far as every way to it is known. */
const settleFrom = (
  start: string,
  columns: Map<string, number>,
  incoming: Map<string, number>,
  targetsOf: (id: string) => readonly string[],
): void => {
  const open = [start];
  // Arrays iterate over what is pushed meanwhile.
  for (const id of open) {
    for (const target of targetsOf(id)) {
      const left = incoming.get(target);
      if (left === undefined) continue;
      columns.set(target, Math.max(columns.get(target) ?? 0, (columns.get(id) ?? 0) + 1));
      if (left > 1) incoming.set(target, left - 1);
      else {
        incoming.delete(target);
        open.push(target);
      }
    }
  }
};

type Placed = { readonly boxes: Map<string, NodeBox>; readonly width: number; readonly height: number };

type Level = {
  readonly nodesIn: ReadonlyMap<string | null, readonly FlowNode[]>;
  readonly targets: ReadonlyMap<string, readonly string[]>;
};

/** Puts one level into columns, with what is inside containers already placed. */
const placeLevel = (level: Level, containerId: string | null): Placed => {
  const nodes = level.nodesIn.get(containerId) ?? [];
  const columns = columnsOf(nodes, level.targets);
  const inner = new Map(
    nodes.filter((node) => node.role === "container").map((node) => [node.id, placeLevel(level, node.id)]),
  );
  const boxes = new Map<string, NodeBox>();
  let x = 0;
  let height = 0;
  const byColumn = [...Map.groupBy(nodes, (node) => columns.get(node.id) ?? 0)].sort(
    ([one], [other]) => one - other,
  );
  for (const [, group] of byColumn) {
    let y = 0;
    let width = 0;
    for (const node of group) {
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
  canvasBoxes(flow) ??
  placeLevel(
    {
      nodesIn: Map.groupBy(flow.nodes.values(), (node) => node.containerId),
      targets: new Map(
        [...Map.groupBy(flow.edges, (edge) => edge.source)].map(([source, edges]) => [
          source,
          edges.map((edge) => edge.target),
        ]),
      ),
    },
    null,
  ).boxes;
