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
export const casesTable = ({ cases, flows }: EvalReport): Markup => markup`<table>
<caption class="unseen">Every case by flow</caption>
<thead><tr><th scope="col">Case</th><th scope="col">Language</th><th scope="col">Lines</th><th scope="col">Expected</th>${flows.map(
  ({ name }) => markup`<th scope="col">${shown(name)}</th>`,
)}</tr></thead>
<tbody>${cases.map(
  (found) =>
    markup`<tr><th scope="row">${shown(found.name)}<span class="interval">${shown(found.title)}</span></th><td>${shown(found.language ?? "–")}</td><td>${found.changedLines}</td><td>${found.expected.length}</td>${flows.map(
      ({ name }, index) =>
        cell(
          found.runs.filter(({ flow }) => flow === name),
          index,
        ),
    )}</tr>`,
)}</tbody></table>`;

const cell = (runs: readonly RunReport[], flow: number): Markup => {
  const failed = runs.filter(({ failure }) => failure !== null).length;
  const recall = mean(runs.map((run) => run.recall));
  const unmatched = mean(runs.map((run) => run.unmatched.length)) ?? 0;
  const told = recall === null ? "nothing to find" : `${writeValue("recall", recall)} found`;
  const noise = `${Number(unmatched.toFixed(1))} unmatched${failed === 0 ? "" : `, ${failed} failed`}`;
  const width = (100 * (recall ?? 0)).toFixed(0);
  return markup`<td>${told}<span class="interval">${noise}</span>${
    recall === null ? "" : markup`<span class="bar tint${flow % 6}"><i style="width:${width}%"></i></span>`
  }</td>`;
};

/** Everything that was expected and reported in a case. */
export const caseDetails = (found: CaseReport, { settings }: EvalReport): Markup => {
  const hits = found.runs.reduce((sum, run) => sum + run.found.length, 0);
  const all = found.runs.length * found.expected.length;
  return markup`<details><summary><span class="count">${hits} of ${all} found</span><strong>${shown(found.name)}</strong> ${shown(found.title)}</summary>
<div class="inside">${found.runs.map((run) => runDetails(found, run, settings.repeats > 1))}</div></details>`;
};

const runDetails = (found: CaseReport, run: RunReport, isRepeated: boolean): Markup => {
  const repeat = isRepeated ? ` (run ${run.repeat})` : "";
  const left = run.unmatched.length - MOST_UNMATCHED;
  return markup`<h3>${shown(run.flow)}${repeat}</h3>
${run.failure === null ? "" : markup`<p class="notice">${shown(run.failure)}</p>`}
${run.remarks.map((remark) => markup`<p class="soft">${shown(remark)}</p>`)}
<ul class="findings">${found.expected.map((expected, index) => expectedLine(expected, run, index))}${run.unmatched
    .slice(0, MOST_UNMATCHED)
    .map(
      ({ path, lines, severity, title }) =>
        markup`<li>Unmatched: ${shown(title)} <code>${shown(place(path, lines))} · ${severity}</code></li>`,
    )}${left > 0 ? markup`<li>and ${left} more that match nothing</li>` : ""}${
    found.expected.length + run.unmatched.length === 0
      ? markup`<li>Nothing expected, nothing reported</li>`
      : ""
  }</ul>`;
};

const expectedLine = (expected: Expected, run: RunReport, index: number): Markup => {
  const match = run.found.find((one) => one.expected === index);
  const at = markup`<code>${shown(place(expected.path, expected.lines))}</code>`;
  if (match === undefined) return markup`<li class="missed">Missed: ${shown(expected.text)} ${at}</li>`;
  const how = match.isExact
    ? "on its lines"
    : match.distance === null
      ? "elsewhere"
      : match.distance === 0
        ? "sharing lines"
        : `${match.distance} ${match.distance === 1 ? "line" : "lines"} away`;
  return markup`<li class="found">Found: ${shown(expected.text)} ${at}
<span class="soft">${shown(match.title)}, ${how}</span></li>`;
};

const place = (path: string | null, lines: LineRange | null): string => {
  if (path === null) return "somewhere";
  if (lines === null) return path;
  return lines.first === lines.last ? `${path}:${lines.first}` : `${path}:${lines.first}-${lines.last}`;
};
