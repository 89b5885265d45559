import type { Translate } from "../../../messages/format-message.ts";
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
export const plotDays = (t: Translate, days: readonly Day[]): Markup => {
  const most = Math.max(1, ...days.map(total));
  const [first] = days;
  const last = days.at(-1);
  return html`<figure class="plot">
    <p class="most">${t("overview.plot", { most })}</p>
    <svg
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-label="${t("overview.per-day", { days: days.length })}"
    >
      ${days.map((day, index) => bar(day, index, days.length, most))}
    </svg>
    <div class="axis" aria-hidden="true">
      <span>${first === undefined ? "" : formatDay(t, first.startMs)}</span>
      <span>${last === undefined ? "" : formatDay(t, last.startMs)}</span>
    </div>
    <figcaption>
      ${PARTS.map((part) => html`<span class="key ${part}">${t(`overview.${part}`)}</span> `)}
    </figcaption>
    <details>
      <summary>${t("overview.plot-table")}</summary>
      ${table({
        caption: t("overview.per-day", { days: days.length }),
        rows: days.toReversed(),
        empty: t("list.nothing"),
        columns: [
          { head: t("overview.day"), cell: (day) => formatDay(t, day.startMs) },
          ...PARTS.map((part) => ({
            head: t(`overview.${part}`),
            kind: "number" as const,
            cell: (day: Day) => formatCount(t, day[part]),
          })),
        ],
      })}
    </details>
  </figure>`;
};
