import type { Run } from "../../../store/store.ts";
import { formatCount, formatTime } from "../markup/format.ts";
import { mergeRequestOf, runLink, stateBadge } from "../markup/links.ts";
import { html, type Content, type Markup } from "../markup/markup.ts";
import { table } from "../markup/table.ts";
import type { Texts } from "../texts/english.ts";

/** What the columns of runs need besides the runs. */
export type RunColumns = {
  readonly gitlabUrl: string;
  /** The buttons of a run; nothing when left out. */
  readonly actions?: (run: Run) => Content;
};

/** Why a run stands as it does, with the code of the failure. */
export const reasonOf = ({ reason, reasonCode }: Run): Content =>
  reason === null
    ? null
    : html`${reasonCode === null ? null : html`<code>${reasonCode}</code> `}<span class="reason"
          >${reason}</span
        >`;

/** Runs, newest first. */
export const runTable = (
  texts: Texts,
  { gitlabUrl, actions }: RunColumns,
  caption: string,
  rows: readonly Run[],
  empty: string,
): Markup => {
  const { words } = texts;
  return table({
    caption,
    rows,
    empty,
    columns: [
      { head: words.run, cell: ({ id }) => runLink(id) },
      { head: words.state, cell: ({ state }) => stateBadge(texts, state) },
      {
        head: words.mergeRequest,
        kind: "long",
        cell: (run) => {
          const { link, title } = mergeRequestOf(run, gitlabUrl);
          return html`${link}${title === "" ? null : html`<span class="under">${title}</span>`}`;
        },
      },
      { head: words.flow, kind: "long", cell: ({ flow }) => flow },
      { head: words.attempt, kind: "number", cell: ({ attempts }) => formatCount(texts, attempts) },
      { head: words.reason, kind: "long", cell: reasonOf },
      { head: words.created, cell: ({ createdAtMs }) => formatTime(texts, createdAtMs) },
      ...(actions === undefined ? [] : [{ head: "", cell: actions }]),
    ],
  });
};
