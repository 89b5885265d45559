import type { Translate } from "../../../messages/format-message.ts";
import { type Run, RUN_STATES, type RunState } from "../../../store/store.ts";
import type { Slice } from "../../../store/views/views.ts";
import { pager } from "../markup/links.ts";
import { html, type Content } from "../markup/markup.ts";
import { filterForm } from "./filter-form.ts";
import { type RunColumns, runTable } from "./run-table.ts";

/** Which runs were asked for. */
export type RunsFilter = {
  readonly state: RunState | null;
  readonly project: string | null;
  readonly flow: string | null;
  readonly before: string | null;
};

/** The list of runs. */
export const runsPage = (
  t: Translate,
  columns: RunColumns,
  { before, ...filter }: RunsFilter,
  flows: readonly string[],
  slice: Slice<Run>,
): Content => {
  const isNarrowed = Object.values(filter).some((value) => value !== null);
  return [
    filterForm(t, "/runs", [
      {
        name: "state",
        label: t("word.state"),
        value: filter.state,
        choices: RUN_STATES.map((state) => [state, t(`run-state.${state}`)]),
      },
      { name: "project", label: t("word.project"), value: filter.project },
      {
        name: "flow",
        label: t("word.flow"),
        value: filter.flow,
        choices: flows.map((flow) => [flow, flow]),
      },
    ]),
    html`<div id="runs" data-region>
      ${runTable(t, columns, t("page.runs"), slice.rows, isNarrowed ? t("list.no-match") : t("list.nothing"))}
      ${pager(t, "/runs", filter, { ...slice, before })}
    </div>`,
  ];
};
