import { reasonText } from "../markup/reason-text.ts";
import type { Translate } from "../../../messages/format-message.ts";
import type { Run } from "../../../store/store.ts";
import { formatCount, formatTime } from "../markup/format.ts";
import { mergeRequestOf, runLink, stateBadge } from "../markup/links.ts";
import { html, type Content, type Markup } from "../markup/markup.ts";
import { table } from "../markup/table.ts";

/** What the columns of runs need besides the runs. */
export type RunColumns = {
  readonly gitlabUrl: string;
  /** The buttons of a run; nothing when left out. */
  readonly actions?: (run: Run) => Content;
};

/** Runs, newest first. */
export const runTable = (
  t: Translate,
  { gitlabUrl, actions }: RunColumns,
  caption: string,
  rows: readonly Run[],
  empty: string,
): Markup => {
  return table({
    caption,
    rows,
    empty,
    columns: [
      { head: t("word.run"), cell: ({ id }) => runLink(id) },
      { head: t("word.state"), cell: ({ state }) => stateBadge(t, state) },
      {
        head: t("word.merge-request"),
        kind: "long",
        cell: (run) => {
          const { link, title } = mergeRequestOf(run, gitlabUrl);
          return html`${link}${title === "" ? null : html`<span class="under">${title}</span>`}`;
        },
      },
      { head: t("word.flow"), kind: "long", cell: ({ flow }) => flow },
      { head: t("word.attempt"), kind: "number", cell: ({ attempts }) => formatCount(t, attempts) },
      {
        head: t("word.reason"),
        kind: "long",
        cell: ({ reason }) => (reason === null ? null : reasonText(t, reason)),
      },
      { head: t("word.created"), cell: ({ createdAtMs }) => formatTime(t, createdAtMs) },
      ...(actions === undefined ? [] : [{ head: "", cell: actions }]),
    ],
  });
};
