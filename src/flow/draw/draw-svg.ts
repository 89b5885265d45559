import type { Flow, FlowNode, NodeBox } from "../flow.ts";
import { layoutFlow } from "./layout.ts";
import { type EdgeRoute, routeEdges } from "./route-edges.ts";

const MARGIN = 32;

/** Characters that XML 1.0 does not have at all. */
// oxlint-disable-next-line no-control-regex -- these are the characters to be taken out
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu;

/** A text inside XML. */
export const escapeXml = (text: string): string =>
  text
    .replaceAll(FORBIDDEN, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");

/** Hues by what a kind does; kinds that are not listed are grey. */
const HUES: Readonly<Record<string, number>> = {
  start: 215,
  end: 28,
  answer: 28,
  llm: 250,
  agent: 250,
  "parameter-extractor": 250,
  "question-classifier": 160,
  "if-else": 190,
  code: 225,
  "template-transform": 225,
  "http-request": 280,
  tool: 280,
  "knowledge-retrieval": 140,
  "document-extractor": 140,
  iteration: 200,
  loop: 200,
  "variable-aggregator": 330,
  "variable-assigner": 330,
  assigner: 330,
  "list-operator": 330,
};

/**
 * How a drawn flow looks. A page that takes the drawing in without its style puts these rules under a
 * selector of its own.
 */
export const SVG_STYLE = `
  .page { fill: #f7f8fa }
  .box { fill: #fff; stroke: #c8ceda; stroke-width: 1.5 }
  .inside { fill: #eef1f6; fill-opacity: .7; stroke: #b4bccb; stroke-width: 1.5; stroke-dasharray: 6 4 }
  .edge { fill: none; stroke: #8b95a7; stroke-width: 2 }
  .fails { stroke: #d9662f; stroke-dasharray: 5 4 }
  .tip { fill: #8b95a7 }
  text { font: 600 14px system-ui, sans-serif; fill: #1d2433 }
  .kind, .label { font-weight: 400; font-size: 12px; fill: #5b6578 }
  .label { text-anchor: middle; paint-order: stroke; stroke: #f7f8fa; stroke-width: 4px }
  @media (prefers-color-scheme: dark) {
    .page { fill: #14171d }
    .box { fill: #20252e; stroke: #3a4250 }
    .inside { fill: #1a1e26; stroke: #465062 }
    .edge { stroke: #75809a }
    .fails { stroke: #e58a58 }
    .tip { fill: #75809a }
    text { fill: #e8ebf1 }
    .kind, .label { fill: #a0a9ba }
    .label { stroke: #14171d }
  }
`;

/** About as many characters as fit beside the bar; wide characters (Japanese, Chinese, Korean) take two. */
const fit = (text: string, width: number): string => {
  let room = Math.floor((width - 32) / 8);
  const characters = Array.from(text);
  const kept = characters.filter((character) => {
    room -= (character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
    return room >= 0;
  });
  return kept.length === characters.length ? text : `${kept.slice(0, -1).join("")}…`;
};

const INNER_STARTS: ReadonlySet<string> = new Set(["iteration-start", "loop-start"]);

/** Narrower boxes have no room for a word; Dify draws the starts inside containers so small. */
const NARROWEST_WORDED = 96;

/** A triangle that points to where it goes on, for boxes without room for words. */
const playMark = ({ x, y, width, height }: NodeBox): string => {
  const middle = { x: x + width / 2 + 1, y: y + height / 2 };
  return `<path class="tip" d="M${middle.x - 5} ${middle.y - 7}L${middle.x + 7} ${middle.y}L${middle.x - 5} ${middle.y + 7}z"/>`;
};

const wordsMarkup = (node: FlowNode, title: string, { x, y, width, height }: NodeBox): string => {
  const textY = node.role === "container" || height < 44 ? y + 20 : y + height / 2 - 3;
  return [
    `<text x="${x + 16}" y="${textY}">${escapeXml(fit(title, width))}</text>`,
    ...(height < 44
      ? []
      : [`<text class="kind" x="${x + 16}" y="${textY + 18}">${escapeXml(fit(node.kind, width))}</text>`]),
  ].join("");
};

const boxMarkup = (node: FlowNode, box: NodeBox): string => {
  const { x, y, width, height } = box;
  const hue = HUES[node.kind];
  const color = hue === undefined ? "hsl(220 8% 55%)" : `hsl(${hue} 62% 52%)`;
  const title = node.title === "" ? node.kind : node.title;
  const isMark = width < NARROWEST_WORDED && INNER_STARTS.has(node.kind);
  return [
    `<g data-node="${escapeXml(node.id)}">`,
    `<title>${escapeXml(`${title} (${node.kind}, ${node.id})`)}</title>`,
    `<rect class="${node.role === "container" ? "inside" : "box"}" x="${x}" y="${y}" width="${width}" height="${height}" rx="10"/>`,
    `<rect class="bar" fill="${color}" x="${x}" y="${y + 10}" width="4" height="${Math.max(height - 20, 4)}" rx="2"/>`,
    isMark ? playMark(box) : wordsMarkup(node, title, box),
    "</g>",
  ].join("");
};

const pathMarkup = ({ edge, path }: EdgeRoute): string => {
  const className = edge.sourceHandle === "fail-branch" ? "edge fails" : "edge";
  return `<path class="${className}" d="${path}" marker-end="url(#tip)"/>`;
};

const labelMarkup = ({ label }: EdgeRoute): string =>
  label === null ? "" : `<text class="label" x="${label.x}" y="${label.y}">${escapeXml(label.text)}</text>`;

/** The smallest of any number of numbers; 0 of none. */
const least = (numbers: readonly number[]): number =>
  numbers.reduce((smallest, number) => Math.min(smallest, number), numbers[0] ?? 0);

const depthOf = (flow: Flow, node: FlowNode): number => {
  const container = node.containerId === null ? undefined : flow.nodes.get(node.containerId);
  return container === undefined ? 0 : depthOf(flow, container) + 1;
};

/**
 * A flow as a picture: a complete SVG document, from the positions in the file, which follows the
 * reader's light or dark scheme. All texts of the file are escaped. Every node is a group whose
 * `data-node` is its id. Without `withStyle` nothing in it is inline style, so that a page with a strict
 * content security policy can hold it; the page then brings SVG_STYLE.
 */
export const drawSvg = (flow: Flow, { withStyle = true }: { readonly withStyle?: boolean } = {}): string => {
  const boxes = layoutFlow(flow);
  const routes = routeEdges(flow, boxes);
  const all = [...boxes.values()];
  const left = least(all.map((box) => box.x));
  const top = least(all.map((box) => box.y));
  const right = -least(all.map((box) => -box.x - box.width));
  const bottom = -least([...all.map((box) => -box.y - box.height), ...routes.map((route) => -route.bottom)]);
  const width = right - left + 2 * MARGIN;
  const height = bottom - top + 2 * MARGIN;
  const view = `${left - MARGIN} ${top - MARGIN} ${width} ${height}`;
  const nodes = [...flow.nodes.values()].toSorted((one, other) => depthOf(flow, one) - depthOf(flow, other));
  const draw = (node: FlowNode): string => {
    const box = boxes.get(node.id);
    return box === undefined ? "" : boxMarkup(node, box);
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${view}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(flow.name)}</title>`,
    ...(withStyle ? [`<style>${SVG_STYLE}</style>`] : []),
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="5" markerHeight="5" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
    `<rect class="page" x="${left - MARGIN}" y="${top - MARGIN}" width="${width}" height="${height}"/>`,
    ...nodes.filter((node) => node.role === "container").map(draw),
    ...routes.map(pathMarkup),
    ...nodes.filter((node) => node.role !== "container").map(draw),
    ...routes.map(labelMarkup).filter((label) => label !== ""),
    "</svg>",
    "",
  ].join("\n");
};
