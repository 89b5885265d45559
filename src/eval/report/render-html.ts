import { METRIC_NAMES, METRICS } from "../score/metrics.ts";
import { caseDetails, casesTable } from "./case-markup.ts";
import type { EvalReport, FlowReport } from "./eval-report.ts";
import { type Markup, markup, shown } from "./markup.ts";
import { costPlot, legend, sharesPlot } from "./plots.ts";
import { raw } from "hono/html";
import { STYLE } from "./style.ts";
import {
  judgeDifference,
  writeDifference,
  writeDifferenceInterval,
  writeInterval,
  writeValue,
} from "./write-value.ts";

/** Nothing but the styles of the page itself may be loaded or run, whatever a finding says. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** A report as one page that needs no other file, no script and no network. */
export const renderHtml = (report: EvalReport): string => {
  const { set, flows, cases, notices } = report;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Eval of ${shown(set)}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<h1>Eval of ${shown(set)}</h1>
${facts(report)}
${notices.map((notice) => markup`<p class="notice">${shown(notice)}</p>`)}
${flows.flatMap(failuresOf)}
<h2>What was found</h2>
${legend(flows)}
<div class="scroll" tabindex="0">${sharesPlot(flows)}</div>
<p class="soft">${shown(explain(report))}</p>
<h2>What it costs</h2>
${legend(flows)}
<div class="scroll" tabindex="0">${costPlot(flows)}</div>
<h2>All measures</h2>
<div class="scroll" tabindex="0">${measuresTable(report)}</div>
${judged(report)}
<h2>Cases</h2>
<div class="scroll" tabindex="0">${casesTable(report)}</div>
<h2>Every finding</h2>
${cases.map((found) => caseDetails(found, report))}
</body>
</html>
`;
  return String(page);
};

const facts = ({ settings, cases }: EvalReport): Markup => {
  const { repeats, tolerance, judge, answers, startedAt } = settings;
  const expected = cases.reduce((sum, found) => sum + found.expected.length, 0);
  const told: readonly (readonly [string, string | number])[] = [
    ["Cases", cases.length],
    ["Expected findings", expected],
    ["Repeats", repeats],
    ["Tolerance", `${tolerance} ${tolerance === 1 ? "line" : "lines"}`],
    ["Judge", judge ?? "none"],
    ["Answers", `${answers.asked} asked, ${answers.replayed} replayed`],
    ["Begun", startedAt.replace("T", " ").replace(/\.\d+Z$/, " UTC")],
  ];
  return markup`<dl class="facts">${told.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${shown(String(value))}</dd></div>`)}</dl>`;
};

const failuresOf = ({ name, failures }: FlowReport): readonly Markup[] =>
  failures.slice(0, 5).map((failure) => markup`<p class="notice">${shown(name)}: ${shown(failure)}</p>`);

const explain = ({ settings, cases }: EvalReport): string => {
  const how =
    settings.judge === null
      ? `A finding counts as found when it is in the same file within ${settings.tolerance} lines.`
      : `A finding counts as found when the judge ${settings.judge} holds it for the same matter.`;
  const pairs = "Each expected finding is paired with at most one reported finding, each at most once.";
  const intervals =
    cases.length < 2
      ? "One case alone gives no intervals."
      : `Lines span 95 % of ${settings.resamples.toLocaleString("en-US")} resamples of cases and repeats.`;
  return `${how} ${pairs} ${intervals}`;
};

const measuresTable = ({ flows, differences }: EvalReport): Markup => markup`<table>
<caption class="unseen">Every measure by flow</caption>
<thead><tr><th scope="col">Measure</th>${flows.map(({ name }) => markup`<th scope="col">${shown(name)}</th>`)}${differences.map(
  ({ flow, baseline }) =>
    markup`<th scope="col">${shown(flow)}<span class="interval">against ${shown(baseline)}</span></th>`,
)}</tr></thead>
<tbody>${METRIC_NAMES.map(
  (metric) =>
    markup`<tr><th scope="row">${METRICS[metric].label}</th>${flows.map(
      ({ metrics }) =>
        markup`<td>${writeValue(metric, metrics[metric].value)}<span class="interval">${writeInterval(metric, metrics[metric])}</span></td>`,
    )}${differences.map(
      ({ metrics }) =>
        markup`<td class="${judgeDifference(metric, metrics[metric])}">${writeDifference(metric, metrics[metric].value)}<span class="interval">${writeDifferenceInterval(metric, metrics[metric])}</span></td>`,
    )}</tr>`,
)}</tbody></table>`;

/** What positions alone say, and what the judge cost, where there is a judge. */
const judged = ({ settings, flows }: EvalReport): Markup => {
  if (settings.judge === null) return markup``;
  return markup`<p class="soft">By position alone: ${flows.map(
    ({ name, byPosition }, index) =>
      markup`${index === 0 ? "" : "; "}${shown(name)} precision ${writeValue("precision", byPosition.precision.value)}, recall ${writeValue("recall", byPosition.recall.value)}`,
  )}. The judge took ${flows
    .reduce((sum, { judgeUsage }) => sum + judgeUsage.totalTokens, 0)
    .toLocaleString("en-US")} tokens (${writeValue(
    "cost",
    flows.reduce((sum, { judgeUsage }) => sum + (judgeUsage.totalPrice ?? 0), 0),
  )}), which are in no other number here${
    flows.some(({ unjudged }) => unjudged > 0)
      ? `; ${flows.reduce((sum, { unjudged }) => sum + unjudged, 0)} runs could not be judged and are scored by position`
      : ""
  }.</p>`;
};
