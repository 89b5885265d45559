import { reasonInFull, type Translate } from "../../messages/format-message.ts";
import type { EvalReport } from "../../eval/report/eval-report.ts";
import {
  classifyDifference,
  nameMetric,
  writeDifference,
  writeDifferenceInterval,
  writeInterval,
  writeValue,
} from "../../eval/report/write-value.ts";
import { METRIC_NAMES } from "../../eval/score/metrics.ts";
import { safeLine } from "../review/safe-text.ts";

type Row = readonly string[];

/** A report for people in a terminal: every measure by flow, and how the others differ from the first. */
export const renderText = (t: Translate, report: EvalReport): string => {
  const { set, cases, flows, differences, settings } = report;
  const { asked, replayed } = settings.answers;
  const usages = flows.map(({ usage }) => usage);
  const head: Row = ["", ...flows.map(({ name }) => safeLine(name))];
  const rows = METRIC_NAMES.map((metric): Row => {
    const values = flows.map(({ metrics }) => {
      const interval = writeInterval(metric, metrics[metric]);
      return writeValue(metric, metrics[metric].value) + (interval === "" ? "" : ` (${interval})`);
    });
    return [safeLine(nameMetric(t, metric, usages)), ...values];
  });
  const parts = [
    t("cli.eval.head", {
      set: safeLine(set),
      cases: cases.length,
      repeats: settings.repeats,
      asked,
      replayed,
    }),
    ...table([head, ...rows]),
    ...differences.flatMap(({ flow, baseline, metrics }) => [
      "",
      t("cli.eval.against", { flow: safeLine(flow), baseline: safeLine(baseline) }),
      ...table(
        METRIC_NAMES.map((metric): Row => {
          const interval = writeDifferenceInterval(metric, metrics[metric]);
          const verdict = classifyDifference(metric, metrics[metric]);
          return [
            safeLine(nameMetric(t, metric, usages)),
            writeDifference(metric, metrics[metric].value),
            interval === "" ? "" : `(${interval})`,
            verdict === "open" ? "" : t(`cli.eval.${verdict}`),
          ];
        }),
      ),
    ]),
    ...flows.flatMap(({ name, failures, judgeUsage, unjudged }) => [
      ...failures.map((failure) => `${safeLine(name)}: ${safeLine(reasonInFull(t, failure))}`),
      ...(unjudged === 0 ? [] : [t("cli.eval.unjudged", { flow: safeLine(name), count: unjudged })]),
      ...(judgeUsage.totalTokens === 0
        ? []
        : [t("cli.eval.judge-tokens", { flow: safeLine(name), tokens: judgeUsage.totalTokens })]),
    ]),
  ];
  return `${parts.map((line) => line.trimEnd()).join("\n")}\n`;
};

const table = (rows: readonly Row[]): readonly string[] => {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_none, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
};
