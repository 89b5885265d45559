import { html, type Content } from "../markup/markup.ts";
import { table } from "../markup/table.ts";
import type { SettingLine } from "../settings-lines.ts";
import type { Texts } from "../texts/english.ts";

/** The settings, to be read only. */
export const settingsPage = (texts: Texts, lines: readonly SettingLine[]): Content => [
  html`<p class="hint">${texts.settings.note}</p>`,
  table({
    caption: texts.pages.settings,
    rows: lines,
    empty: texts.nothing,
    columns: [
      { head: texts.words.key, kind: "long", cell: ({ path }) => html`<code>${path}</code>` },
      {
        head: texts.words.value,
        kind: "long",
        cell: ({ value, isSecret }) =>
          value === null
            ? html`<span class="soft">${texts.settings.unset}</span>`
            : html`<span class="${isSecret ? "soft written" : "written"}">${value}</span>`,
      },
    ],
  }),
];
