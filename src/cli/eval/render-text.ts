import type { EvalReport } from "../../eval/report/eval-report.ts";
import {
  judgeDifference,
  writeDifference,
  writeDifferenceInterval,
  writeInterval,
  writeValue,
} from "../../eval/report/write-value.ts";
import { METRIC_NAMES, METRICS } from "../../eval/score/metrics.ts";
import { safeLine } from "../review/safe-text.ts";

type Row = readonly string[];

/** A report for people in a terminal: every measure by flow, and how the others differ from the first. */
export const renderText = (report: EvalReport): string => {
  const { set, cases, flows, differences, settings } = report;
  const head: Row = ["", ...flows.map(({ name }) => safeLine(name))];
  const rows = METRIC_NAMES.map((metric): Row => {
    const values = flows.map(({ metrics }) => {
      const interval = writeInterval(metric, metrics[metric]);
      return writeValue(metric, metrics[metric].value) + (interval === "" ? "" : ` (${interval})`);
    });
    return [METRICS[metric].label, ...values];
  });
  const parts = [
    `${safeLine(set)}: ${count(cases.length, "case")}, ${count(settings.repeats, "repeat")}, ${settings.answers.asked} answers asked, ${settings.answers.replayed} replayed`,
    ...table([head, ...rows]),
    ...differences.flatMap(({ flow, baseline, metrics }) => [
      "",
      `${safeLine(flow)} against ${safeLine(baseline)}`,
      ...table(
        METRIC_NAMES.map((metric): Row => {
          const interval = writeDifferenceInterval(metric, metrics[metric]);
          const verdict = judgeDifference(metric, metrics[metric]);
          return [
            METRICS[metric].label,
            writeDifference(metric, metrics[metric].value),
            interval === "" ? "" : `(${interval})`,
            verdict === "open" ? "" : verdict,
          ];
        }),
      ),
    ]),
    ...flows.flatMap(({ name, failures, judgeUsage, unjudged }) => [
      ...failures.map((failure) => `${safeLine(name)}: ${safeLine(failure)}`),
      ...(unjudged === 0
        ? []
        : [`${safeLine(name)}: ${count(unjudged, "run")} scored by position, not judged`]),
      ...(judgeUsage.totalTokens === 0
        ? []
        : [
            `${safeLine(name)}: the judge took ${judgeUsage.totalTokens.toLocaleString("en-US")} tokens besides`,
          ]),
    ]),
  ];
  return `${parts.map((line) => line.trimEnd()).join("\n")}\n`;
};

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;

const table = (rows: readonly Row[]): readonly string[] => {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_none, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
};
