import type { Texts } from "../texts/english.ts";
import { formatCount, formatDay } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { table } from "./table.ts";

/** The runs of one day by how they ended. */
export type Day = {
  readonly startMs: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly other: number;
};

const WIDTH = 100;
const HEIGHT = 100;
const PARTS = ["succeeded", "failed", "other"] as const;

const total = (day: Day): number => PARTS.reduce((sum, part) => sum + day[part], 0);

const bar = (day: Day, index: number, count: number, most: number): readonly Markup[] => {
  const width = WIDTH / count;
  let top = HEIGHT;
  return PARTS.map((part) => {
    const height = (day[part] / most) * HEIGHT;
    top -= height;
    return html`<rect
      class="${part}"
      x="${(index * width + width * 0.12).toFixed(3)}"
      y="${top.toFixed(3)}"
      width="${(width * 0.76).toFixed(3)}"
      height="${height.toFixed(3)}"
    />`;
  });
};

/** Days as bars, and once more as a table for those who do not see bars. */
export const plotDays = (texts: Texts, days: readonly Day[]): Markup => {
  const most = Math.max(1, ...days.map(total));
  const [first] = days;
  const last = days.at(-1);
  const { overview } = texts;
  return html`<figure class="plot">
    <p class="most">${overview.plot(most)}</p>
    <svg
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-label="${overview.perDay(days.length)}"
    >
      ${days.map((day, index) => bar(day, index, days.length, most))}
    </svg>
    <div class="axis" aria-hidden="true">
      <span>${first === undefined ? "" : formatDay(texts, first.startMs)}</span>
      <span>${last === undefined ? "" : formatDay(texts, last.startMs)}</span>
    </div>
    <figcaption>${PARTS.map((part) => html`<span class="key ${part}">${overview[part]}</span> `)}</figcaption>
    <details>
      <summary>${overview.plotTable}</summary>
      ${table({
        caption: overview.perDay(days.length),
        rows: days.toReversed(),
        empty: texts.nothing,
        columns: [
          { head: overview.day, cell: (day) => formatDay(texts, day.startMs) },
          ...PARTS.map((part) => ({
            head: overview[part],
            kind: "number" as const,
            cell: (day: Day) => formatCount(texts, day[part]),
          })),
        ],
      })}
    </details>
  </figure>`;
};
