import type { Translate } from "../../../messages/format-message.ts";
import { html, type Content } from "../markup/markup.ts";
import { table } from "../markup/table.ts";
import type { SettingLine } from "../settings-lines.ts";

/** The settings, to be read only. */
export const settingsPage = (t: Translate, lines: readonly SettingLine[]): Content => [
  html`<p class="hint">${t("settings.note")}</p>`,
  table({
    caption: t("page.settings"),
    rows: lines,
    empty: t("list.nothing"),
    columns: [
      { head: t("word.key"), kind: "long", cell: ({ path }) => html`<code>${path}</code>` },
      {
        head: t("word.value"),
        kind: "long",
        cell: ({ value, isSecret }) =>
          value === null
            ? html`<span class="soft">${t("settings.unset")}</span>`
            : html`<span class="${isSecret ? "soft written" : "written"}">${value}</span>`,
      },
    ],
  }),
];
