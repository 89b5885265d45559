import type { Estimate } from "../score/bootstrap.ts";
import type { Translate } from "../../messages/format-message.ts";
import type { MetricName } from "../score/metrics.ts";
import type { FlowReport } from "./eval-report.ts";
import { type Markup, markup, shown } from "./markup.ts";
import { nameMetric, writeInterval, writeValue } from "./write-value.ts";

/** How many flows have a colour and a shape of their own; further ones begin anew. */
const STYLES = 6;

const WIDTH = 720;
const LEFT = 112;
const RIGHT = 150;

/** Where a value lies between two bounds, on a line of so many units. */
const scale = (value: number, most: number, length: number): number =>
  (most <= 0 ? 0 : Math.min(1, Math.max(0, value / most))) * length;

const fixed = (value: number): string => value.toFixed(1);

/** The sign of a flow: another shape for each, so that colours are not needed to tell them apart. */
const flowSign = (index: number, x: number, y: number): Markup => {
  const style = index % STYLES;
  const [left, right, top, bottom] = [x - 5, x + 5, y - 5, y + 5].map(fixed);
  const [cx, cy] = [fixed(x), fixed(y)];
  const shapes = [
    markup`<circle class="sign c0" cx="${cx}" cy="${cy}" r="5"/>`,
    markup`<rect class="sign c1" x="${left}" y="${top}" width="10" height="10"/>`,
    markup`<path class="sign c2" d="M${cx} ${fixed(y - 6)}L${fixed(x + 6)} ${cy}L${cx} ${fixed(y + 6)}L${fixed(x - 6)} ${cy}Z"/>`,
    markup`<path class="sign c3" d="M${cx} ${top}L${right} ${bottom}L${left} ${bottom}Z"/>`,
    markup`<path class="sign c4" d="M${left} ${top}L${right} ${top}L${cx} ${bottom}Z"/>`,
    markup`<circle class="sign c5 hollow" cx="${cx}" cy="${cy}" r="4.5"/>`,
  ];
  return shapes[style] ?? markup``;
};

/** The names of the flows with their signs. */
export const legend = (flows: readonly FlowReport[]): Markup =>
  markup`<ul class="legend">${flows.map(
    ({ name }, index) =>
      markup`<li><svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">${flowSign(index, 8, 8)}</svg>${shown(name)}</li>`,
  )}</ul>`;

const SHARES: readonly MetricName[] = ["precision", "recall", "f1", "exact"];
const ROW = 22;

/** Precision, recall, F1 and exact lines of every flow, with their intervals. */
export const sharesPlot = (t: Translate, flows: readonly FlowReport[]): Markup => {
  const group = flows.length * ROW + 14;
  const bottom = SHARES.length * group + 8;
  const length = WIDTH - LEFT - RIGHT;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return markup`<svg class="plot" viewBox="0 0 ${WIDTH} ${bottom + 26}" role="img" aria-label="${t("eval.shares-plot")}">
${ticks.map((tick) => {
  const x = fixed(LEFT + tick * length);
  return markup`<line class="grid" x1="${x}" x2="${x}" y1="4" y2="${bottom}"/><text class="tick" x="${x}" y="${bottom + 17}" text-anchor="middle">${100 * tick} %</text>`;
})}
${SHARES.map((metric, row) => {
  const top = row * group + 8;
  return markup`<text class="label" x="${LEFT - 12}" y="${fixed(top + (flows.length * ROW) / 2 + 4)}" text-anchor="end">${t(`metric.${metric}`)}</text>${flows.map(
    ({ metrics }, index) =>
      intervalMark(metric, metrics[metric], { index, y: top + index * ROW + ROW / 2, length }),
  )}`;
})}</svg>`;
};

const intervalMark = (
  metric: MetricName,
  estimate: Estimate,
  { index, y, length }: { readonly index: number; readonly y: number; readonly length: number },
): Markup => {
  const { value, low, high } = estimate;
  const end = WIDTH - RIGHT + 14;
  const told = markup`<text class="value" x="${end}" y="${fixed(y + 4)}">${writeValue(metric, value)}</text>`;
  if (value === null) return told;
  const at = (share: number): string => fixed(LEFT + scale(share, 1, length));
  const whisker =
    low === null || high === null
      ? markup``
      : markup`<line class="whisker c${index % STYLES}" x1="${at(low)}" x2="${at(high)}" y1="${fixed(y)}" y2="${fixed(y)}"><title>${writeInterval(metric, estimate)}</title></line>`;
  return markup`${whisker}${flowSign(index, LEFT + scale(value, 1, length), y)}${told}`;
};

/** A round number that is at least so large, for the end of an axis. */
const roundUp = (value: number): number => {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5, 10].find((step) => step * unit >= value) ?? 10) * unit;
};

const HEIGHT = 300;
const PAD = { left: 64, right: 40, top: 14, bottom: 46 };

/** Cost against recall of every flow, with the intervals of both; tokens where nothing has a price. */
export const costPlot = (t: Translate, flows: readonly FlowReport[]): Markup => {
  const hasPrice = flows.some(({ metrics }) => (metrics.cost.value ?? 0) > 0);
  const metric: MetricName = hasPrice ? "cost" : "tokens";
  const name = shown(
    nameMetric(
      t,
      metric,
      flows.map(({ usage }) => usage),
    ),
  );
  const most = roundUp(
    Math.max(...flows.map(({ metrics }) => Math.max(metrics[metric].high ?? 0, metrics[metric].value ?? 0))) *
      1.05,
  );
  const [width, height] = [WIDTH - PAD.left - PAD.right, HEIGHT - PAD.top - PAD.bottom];
  const atX = (value: number): number => PAD.left + scale(value, most, width);
  const atY = (value: number): number => PAD.top + height - scale(value, 1, height);
  const base = PAD.top + height;
  return markup`<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${t("eval.cost-plot", { metric: name })}">
${[0, 0.25, 0.5, 0.75, 1].map(
  (tick) =>
    markup`<line class="grid" x1="${PAD.left}" x2="${PAD.left + width}" y1="${fixed(atY(tick))}" y2="${fixed(atY(tick))}"/><text class="tick" x="${PAD.left - 8}" y="${fixed(atY(tick) + 4)}" text-anchor="end">${100 * tick} %</text>`,
)}
${[0, 0.5, 1].map((tick) => {
  const x = fixed(atX(tick * most));
  return markup`<line class="grid" x1="${x}" x2="${x}" y1="${PAD.top}" y2="${base}"/><text class="tick" x="${x}" y="${base + 16}" text-anchor="middle">${writeValue(metric, tick * most)}</text>`;
})}
<text class="label" x="${PAD.left + width / 2}" y="${HEIGHT - 8}" text-anchor="middle">${name}</text>
<text class="label" x="${PAD.left + 6}" y="${PAD.top + 12}">${t("metric.recall")}</text>
${flows.map(({ metrics }, index) => {
  const [x, y] = [metrics[metric], metrics.recall];
  if (x.value === null || y.value === null) return markup``;
  const [px, py] = [atX(x.value), atY(y.value)];
  return markup`${cross(x, y, { index, px, py, atX, atY })}${flowSign(index, px, py)}`;
})}</svg>`;
};

const cross = (
  x: Estimate,
  y: Estimate,
  place: {
    readonly index: number;
    readonly px: number;
    readonly py: number;
    readonly atX: (value: number) => number;
    readonly atY: (value: number) => number;
  },
): Markup => {
  const { index, px, py, atX, atY } = place;
  const style = `whisker thin c${index % STYLES}`;
  const across =
    x.low === null || x.high === null
      ? markup``
      : markup`<line class="${style}" x1="${fixed(atX(x.low))}" x2="${fixed(atX(x.high))}" y1="${fixed(py)}" y2="${fixed(py)}"/>`;
  const along =
    y.low === null || y.high === null
      ? markup``
      : markup`<line class="${style}" x1="${fixed(px)}" x2="${fixed(px)}" y1="${fixed(atY(y.low))}" y2="${fixed(atY(y.high))}"/>`;
  return markup`${across}${along}`;
};
