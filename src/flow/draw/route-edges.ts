import type { Flow, FlowEdge, FlowNode, NodeBox } from "../flow.ts";
import { handleLabel } from "./draw-mermaid.ts";

/** An edge as it is drawn; texts are not escaped yet. */
export type EdgeRoute = {
  readonly edge: FlowEdge;
  /** The `d` of an SVG path. */
  readonly path: string;
  readonly label: { readonly text: string; readonly x: number; readonly y: number } | null;
  /** The lowest point, in pixels. */
  readonly bottom: number;
};

type Point = { readonly x: number; readonly y: number };
type Rectangle = NodeBox;

const overlaps = (one: Rectangle, other: Rectangle): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;

const CELL = 512;

/** Rectangles that can be asked which of them overlap another, without going through all of them. */
const createPlane = () => {
  const cells = new Map<string, Rectangle[]>();
  const cellsOf = ({ x, y, width, height }: Rectangle): readonly string[] => {
    const found: string[] = [];
    for (let column = Math.floor(x / CELL); column <= Math.floor((x + width) / CELL); column += 1) {
      for (let row = Math.floor(y / CELL); row <= Math.floor((y + height) / CELL); row += 1)
        found.push(`${column} ${row}`);
    }
    return found;
  };
  return {
    add: (rectangle: Rectangle): void => {
      for (const cell of cellsOf(rectangle)) cells.set(cell, [...(cells.get(cell) ?? []), rectangle]);
    },
    find: (rectangle: Rectangle): Rectangle | undefined => {
      for (const cell of cellsOf(rectangle)) {
        const found = cells.get(cell)?.find((one) => overlaps(one, rectangle));
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
};
type Plane = ReturnType<typeof createPlane>;

/** Where an edge leaves: nodes with several handles spread them over their right side, in order. */
const leavesAt = (node: FlowNode, { x, y, width, height }: NodeBox, handle: string): Point => {
  const declared = node.declaration.handles;
  const handles = node.errorStrategy === "fail-branch" ? [...declared, "fail-branch"] : declared;
  const at = Math.max(handles.indexOf(handle), 0);
  return { x: x + width, y: y + (height * (at + 1)) / (Math.max(handles.length, 1) + 1) };
};

/** How far an edge that leads back stays away from nodes, and how round its corners are. */
const CLEARANCE = 18;
const CORNER = 12;
/** So many nodes are gone around; after that the lane is taken as it is. */
const MOST_DETOURS = 50;

const laneBox = (y: number, left: number, right: number): Rectangle => ({
  x: left,
  y: y - CLEARANCE / 2,
  width: right - left,
  height: CLEARANCE,
});

/** A lane that no node stands on: between the two nodes where one is above the other, else below both. */
const findLane = (from: NodeBox, to: NodeBox, left: number, right: number, nodes: Plane): number => {
  const [upper, lower] = from.y < to.y ? [from, to] : [to, from];
  const between = (upper.y + upper.height + lower.y) / 2;
  const isApart = lower.y - upper.y - upper.height > CLEARANCE;
  if (isApart && nodes.find(laneBox(between, left, right)) === undefined) return between;
  let y = Math.max(from.y + from.height, to.y + to.height) + CLEARANCE;
  for (let tries = 0; tries < MOST_DETOURS; tries += 1) {
    const box = nodes.find(laneBox(y, left, right));
    if (box === undefined) break;
    y = box.y + box.height + CLEARANCE;
  }
  return y;
};

type Line = { readonly path: string; readonly at: (part: number) => Point; readonly bottom: number };

const backward = (start: Point, end: Point, lane: number): Line => {
  const right = start.x + CLEARANCE;
  const left = end.x - CLEARANCE;
  const out = lane < start.y ? -CORNER : CORNER;
  const back = end.y < lane ? -CORNER : CORNER;
  const path = [
    `M${start.x} ${start.y}`,
    `H${right - CORNER}Q${right} ${start.y} ${right} ${start.y + out}`,
    `V${lane - out}Q${right} ${lane} ${right - CORNER} ${lane}`,
    `H${left + CORNER}Q${left} ${lane} ${left} ${lane + back}`,
    `V${end.y - back}Q${left} ${end.y} ${left + CORNER} ${end.y}`,
    `H${end.x}`,
  ].join("");
  return { path, at: (part) => ({ x: right + (left - right) * part, y: lane }), bottom: lane };
};

const forward = (start: Point, end: Point): Line => {
  const bend = Math.max(Math.abs(end.x - start.x) / 2, 40);
  const points = [start, { x: start.x + bend, y: start.y }, { x: end.x - bend, y: end.y }, end];
  const mix = (part: number, axis: "x" | "y"): number => {
    const rest = 1 - part;
    const weights = [rest ** 3, 3 * rest ** 2 * part, 3 * rest * part ** 2, part ** 3];
    return points.reduce((sum, point, index) => sum + point[axis] * (weights[index] ?? 0), 0);
  };
  const [, one = start, other = end] = points;
  return {
    path: `M${start.x} ${start.y}C${one.x} ${one.y} ${other.x} ${other.y} ${end.x} ${end.y}`,
    at: (part) => ({ x: mix(part, "x"), y: mix(part, "y") }),
    bottom: Math.max(start.y, end.y),
  };
};

const LABEL_HEIGHT = 16;

/** About how wide a label is; wide characters (Japanese, Chinese, Korean) take two columns. */
const labelWidth = (text: string): number =>
  Array.from(text).reduce((sum, character) => sum + ((character.codePointAt(0) ?? 0) >= 0x1100 ? 13 : 7), 8);

/** Where along an edge a label may stand, and how far beside it, from the best to the worst. */
const PARTS = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.12, 0.88];
const SHIFTS = [-4, -20, 20, -36, 36, -52, 52, -68, 68];

/** The first place along a line where a label covers no node and no other label; the middle where there is none. */
const placeLabel = (text: string, line: Line, taken: Plane): EdgeRoute["label"] => {
  const width = labelWidth(text);
  const boxAt = (x: number, y: number): Rectangle => ({
    x: x - width / 2,
    y: y - LABEL_HEIGHT + 4,
    width,
    height: LABEL_HEIGHT,
  });
  for (const shift of SHIFTS) {
    for (const part of PARTS) {
      const { x, y } = line.at(part);
      const box = boxAt(x, y + shift);
      if (taken.find(box) !== undefined) continue;
      taken.add(box);
      return { text, x, y: y + shift };
    }
  }
  const middle = line.at(0.5);
  return { text, x: middle.x, y: middle.y - 4 };
};

/**
 * The ways of all edges whose ends are drawn. An edge that leads back to the left goes around the nodes, where it can be
 * seen; labels stand where they cover no title.
 */
export const routeEdges = (flow: Flow, boxes: ReadonlyMap<string, NodeBox>): readonly EdgeRoute[] => {
  const taken = createPlane();
  for (const node of flow.nodes.values()) {
    const box = boxes.get(node.id);
    if (box === undefined) continue;
    // Of a container only its title is in the way.
    taken.add(node.role === "container" ? { ...box, height: Math.min(28, box.height) } : box);
  }
  return flow.edges.flatMap((edge): readonly EdgeRoute[] => {
    const source = flow.nodes.get(edge.source);
    const from = boxes.get(edge.source);
    const to = boxes.get(edge.target);
    if (source === undefined || from === undefined || to === undefined) return [];
    const start = leavesAt(source, from, edge.sourceHandle);
    const end = { x: to.x - 6, y: to.y + to.height / 2 };
    const isBackward = end.x < start.x;
    const lane = isBackward ? findLane(from, to, end.x - CLEARANCE, start.x + CLEARANCE, taken) : Number.NaN;
    const line = isBackward ? backward(start, end, lane) : forward(start, end);
    const text = handleLabel(source, edge.sourceHandle);
    return [
      {
        edge,
        path: line.path,
        label: text === "" ? null : placeLabel(text, line, taken),
        bottom: line.bottom,
      },
    ];
  });
};
