import { reasonInFull, type Translate } from "../../messages/format-message.ts";
import { METRIC_NAMES } from "../score/metrics.ts";
import { caseDetails, casesTable } from "./case-markup.ts";
import type { EvalReport, FlowReport } from "./eval-report.ts";
import { type Markup, markup, shown } from "./markup.ts";
import { costPlot, legend, sharesPlot } from "./plots.ts";
import { raw } from "hono/html";
import { STYLE } from "./style.ts";
import {
  classifyDifference,
  nameMetric,
  writeCost,
  writeDifference,
  writeDifferenceInterval,
  writeInterval,
  writeValue,
} from "./write-value.ts";

/** Nothing but the styles of the page itself may be loaded or run, whatever a finding says. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** A report as one page that needs no other file, no script and no network. */
export const renderHtml = (t: Translate, report: EvalReport): string => {
  const { set, flows, cases, notices } = report;
  const page = markup`<!doctype html>
<html lang="${t.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${shown(t("eval.title", { set }))}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<h1>${shown(t("eval.title", { set }))}</h1>
${facts(t, report)}
${notices.map((notice) => markup`<p class="notice">${shown(t.message(notice))}</p>`)}
${flows.flatMap((flow) => failuresOf(t, flow))}
<h2>${t("eval.found-heading")}</h2>
${legend(flows)}
<div class="scroll" tabindex="0">${sharesPlot(t, flows)}</div>
<p class="soft">${shown(explain(t, report))}</p>
<h2>${t("eval.cost-heading")}</h2>
${legend(flows)}
<div class="scroll" tabindex="0">${costPlot(t, flows)}</div>
<h2>${t("eval.measures")}</h2>
<div class="scroll" tabindex="0">${measuresTable(t, report)}</div>
${judged(t, report)}
<h2>${t("eval.cases")}</h2>
<div class="scroll" tabindex="0">${casesTable(t, report)}</div>
<h2>${t("eval.details")}</h2>
${cases.map((found) => caseDetails(t, found, report))}
</body>
</html>
`;
  return String(page);
};

const facts = (t: Translate, { settings, cases }: EvalReport): Markup => {
  const { repeats, tolerance, judge, answers, startedAt } = settings;
  const expected = cases.reduce((sum, found) => sum + found.expected.length, 0);
  const told: readonly (readonly [string, string | number])[] = [
    [t("eval.cases"), cases.length],
    [t("eval.expected-findings"), expected],
    [t("eval.repeats"), repeats],
    [t("eval.tolerance"), t("eval.tolerance-lines", { count: tolerance })],
    [t("eval.judge"), judge ?? t("eval.no-judge")],
    [t("eval.answers"), t("eval.answers-of", { asked: answers.asked, replayed: answers.replayed })],
    [t("word.started"), startedAt.replace("T", " ").replace(/\.\d+Z$/, " UTC")],
  ];
  return markup`<dl class="facts">${told.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${shown(String(value))}</dd></div>`)}</dl>`;
};

const failuresOf = (t: Translate, { name, failures }: FlowReport): readonly Markup[] =>
  failures
    .slice(0, 5)
    .map((reason) => t("eval.failure", { flow: name, failure: reasonInFull(t, reason) }))
    .map((sentence) => markup`<p class="notice">${shown(sentence)}</p>`);

const explain = (t: Translate, { settings, cases }: EvalReport): string => {
  const { judge, tolerance, resamples } = settings;
  const how = judge === null ? t("eval.by-position", { count: tolerance }) : t("eval.by-judge", { judge });
  const intervals = cases.length < 2 ? t("eval.no-intervals") : t("eval.intervals", { resamples });
  return `${how} ${t("eval.pairs")} ${intervals}`;
};

const measuresTable = (t: Translate, { flows, differences }: EvalReport): Markup => markup`<table>
<caption class="unseen">${t("eval.measures-table")}</caption>
<thead><tr><th scope="col">${t("eval.metric")}</th>${flows.map(({ name }) => markup`<th scope="col">${shown(name)}</th>`)}${differences.map(
  ({ flow, baseline }) =>
    markup`<th scope="col">${shown(flow)}<span class="interval">${shown(t("eval.against", { flow: baseline }))}</span></th>`,
)}</tr></thead>
<tbody>${METRIC_NAMES.map(
  (metric) =>
    markup`<tr><th scope="row">${shown(
      nameMetric(
        t,
        metric,
        flows.map(({ usage }) => usage),
      ),
    )}</th>${flows.map(
      ({ metrics }) =>
        markup`<td>${writeValue(metric, metrics[metric].value)}<span class="interval">${writeInterval(metric, metrics[metric])}</span></td>`,
    )}${differences.map(
      ({ metrics }) =>
        markup`<td class="${classifyDifference(metric, metrics[metric])}">${writeDifference(metric, metrics[metric].value)}<span class="interval">${writeDifferenceInterval(metric, metrics[metric])}</span></td>`,
    )}</tr>`,
)}</tbody></table>`;

/** What positions alone say, and what the judge cost, where there is a judge. */
const judged = (t: Translate, { settings, flows }: EvalReport): Markup => {
  if (settings.judge === null) return markup``;
  const positions = flows.map(({ name, byPosition }) =>
    t("eval.position", {
      flow: name,
      precision: writeValue("precision", byPosition.precision.value),
      recall: writeValue("recall", byPosition.recall.value),
    }),
  );
  const tokens = flows.reduce((sum, { judgeUsage }) => sum + judgeUsage.totalTokens, 0);
  const cost = writeCost(flows.map(({ judgeUsage }) => judgeUsage));
  const unjudged = flows.reduce((sum, flow) => sum + flow.unjudged, 0);
  const sentences = [
    t("eval.positions", { flows: positions.join("; ") }),
    t("eval.judge-usage", { tokens, cost }),
    ...(unjudged === 0 ? [] : [t("eval.unjudged", { count: unjudged })]),
  ];
  return markup`<p class="soft">${shown(sentences.join(" "))}</p>`;
};
