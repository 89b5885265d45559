import { reasonInFull, type Translate } from "../../messages/format-message.ts";
import type { Expected, LineRange } from "../set/eval-case.ts";
import type { CaseReport, EvalReport, RunReport } from "./eval-report.ts";
import { type Markup, markup, shown } from "./markup.ts";
import { writeValue } from "./write-value.ts";

/** How many findings of a run that match nothing are shown; the others are counted. */
const MOST_UNMATCHED = 50;

const mean = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
};

/** A row for each case, with what every flow came to over the repeats. */
export const casesTable = (t: Translate, { cases, flows }: EvalReport): Markup => markup`<table>
<caption class="unseen">${t("eval.cases-table")}</caption>
<thead><tr><th scope="col">${t("eval.case")}</th><th scope="col">${t("word.language")}</th><th scope="col">${t("eval.lines")}</th><th scope="col">${t("eval.expected")}</th>${flows.map(
  ({ name }) => markup`<th scope="col">${shown(name)}</th>`,
)}</tr></thead>
<tbody>${cases.map(
  (found) =>
    markup`<tr><th scope="row">${shown(found.name)}<span class="interval">${shown(found.title)}</span></th><td>${shown(found.language ?? "–")}</td><td>${found.changedLines}</td><td>${found.expected.length}</td>${flows.map(
      ({ name }, index) =>
        cell(
          t,
          found.runs.filter(({ flow }) => flow === name),
          index,
        ),
    )}</tr>`,
)}</tbody></table>`;

const cell = (t: Translate, runs: readonly RunReport[], flow: number): Markup => {
  const failed = runs.filter(({ failure }) => failure !== null).length;
  const recall = mean(runs.map((run) => run.recall));
  const unmatched = mean(runs.map((run) => run.unmatched.length)) ?? 0;
  const told =
    recall === null
      ? t("eval.nothing-to-find")
      : t("eval.share-found", { share: writeValue("recall", recall) });
  const noise = t("eval.unmatched-count", { unmatched: Number(unmatched.toFixed(1)), failed });
  const width = (100 * (recall ?? 0)).toFixed(0);
  return markup`<td>${told}<span class="interval">${noise}</span>${
    recall === null ? "" : markup`<span class="bar tint${flow % 6}"><i style="width:${width}%"></i></span>`
  }</td>`;
};

/** Everything that was expected and reported in a case. */
export const caseDetails = (t: Translate, found: CaseReport, { settings }: EvalReport): Markup => {
  const hits = found.runs.reduce((sum, run) => sum + run.found.length, 0);
  const all = found.runs.length * found.expected.length;
  return markup`<details><summary><span class="count">${t("eval.found-of", { hits, all })}</span><strong>${shown(found.name)}</strong> ${shown(found.title)}</summary>
<div class="inside">${found.runs.map((run) => runDetails(t, found, run, settings.repeats > 1))}</div></details>`;
};

const runDetails = (t: Translate, found: CaseReport, run: RunReport, isRepeated: boolean): Markup => {
  const { flow, repeat } = run;
  const left = run.unmatched.length - MOST_UNMATCHED;
  return markup`<h3>${shown(isRepeated ? t("eval.run", { flow, repeat }) : flow)}</h3>
${run.failure === null ? "" : markup`<p class="notice">${shown(reasonInFull(t, run.failure))}</p>`}
${run.remarks.map((remark) => markup`<p class="soft">${shown(reasonInFull(t, remark))}</p>`)}
<ul class="findings">${found.expected.map((expected, index) => expectedLine(t, expected, run, index))}${run.unmatched
    .slice(0, MOST_UNMATCHED)
    .map(
      ({ path, lines, severity, title }) =>
        markup`<li>${shown(t("eval.unmatched", { title }))} <code>${shown(place(t, path, lines))} · ${severity}</code></li>`,
    )}${left > 0 ? markup`<li>${t("eval.more-unmatched", { count: left })}</li>` : ""}${
    found.expected.length + run.unmatched.length === 0 ? markup`<li>${t("eval.nothing")}</li>` : ""
  }</ul>`;
};

const expectedLine = (t: Translate, expected: Expected, run: RunReport, index: number): Markup => {
  const match = run.found.find((one) => one.expected === index);
  const at = markup`<code>${shown(place(t, expected.path, expected.lines))}</code>`;
  if (match === undefined)
    return markup`<li class="missed">${shown(t("eval.missed", { text: expected.text }))} ${at}</li>`;
  return markup`<li class="found">${shown(t("eval.found", { text: expected.text }))} ${at}
<span class="soft">${shown(nearness(t, match))}</span></li>`;
};

const nearness = (t: Translate, { title, isExact, distance }: RunReport["found"][number]): string => {
  if (isExact) return t("eval.place.exact", { title });
  if (distance === null) return t("eval.place.elsewhere", { title });
  return distance === 0
    ? t("eval.place.overlapping", { title })
    : t("eval.place.away", { title, lines: distance });
};

const place = (t: Translate, path: string | null, lines: LineRange | null): string => {
  if (path === null) return t("eval.somewhere");
  if (lines === null) return path;
  return lines.first === lines.last ? `${path}:${lines.first}` : `${path}:${lines.first}-${lines.last}`;
};
