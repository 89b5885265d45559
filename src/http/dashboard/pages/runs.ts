import type { Run, RunState } from "../../../store/store.ts";
import type { Slice } from "../../../store/views/views.ts";
import { pager } from "../markup/links.ts";
import { html, type Content } from "../markup/markup.ts";
import type { Texts } from "../texts/english.ts";
import { filterForm } from "./filter-form.ts";
import { type RunColumns, runTable } from "./run-table.ts";

/** Every state, in the order of a run's life. */
export const RUN_STATES = [
  "queued",
  "active",
  "retrying",
  "succeeded",
  "partial-succeeded",
  "failed",
  "cancelled",
  "superseded",
] as const satisfies readonly RunState[];

/** Which runs were asked for. */
export type RunsFilter = {
  readonly state: RunState | null;
  readonly project: string | null;
  readonly flow: string | null;
  readonly before: string | null;
};

/** The list of runs. */
export const runsPage = (
  texts: Texts,
  columns: RunColumns,
  { before, ...filter }: RunsFilter,
  flows: readonly string[],
  slice: Slice<Run>,
): Content => {
  const isNarrowed = Object.values(filter).some((value) => value !== null);
  return [
    filterForm(texts, "/runs", [
      {
        name: "state",
        label: texts.words.state,
        value: filter.state,
        choices: RUN_STATES.map((state) => [state, texts.states[state]]),
      },
      { name: "project", label: texts.words.project, value: filter.project },
      {
        name: "flow",
        label: texts.words.flow,
        value: filter.flow,
        choices: flows.map((flow) => [flow, flow]),
      },
    ]),
    html`<div id="runs" data-region>
      ${runTable(texts, columns, texts.pages.runs, slice.rows, isNarrowed ? texts.nothingMatches : texts.nothing)}
      ${pager(texts, "/runs", filter, { ...slice, before })}
    </div>`,
  ];
};
