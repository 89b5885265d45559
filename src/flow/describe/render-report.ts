import { showProblem } from "../parse/flow-file-error.ts";
import type { FlowReport, InputReport } from "./describe-flow.ts";

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];

const inputLine = ({ name, type, required, maxLength, options }: InputReport): string => {
  const facts = [
    type,
    ...(required ? ["required"] : []),
    ...(maxLength === null || maxLength === 0 ? [] : [`at most ${maxLength}`]),
    ...(options.length === 0 ? [] : [`one of ${options.join(", ")}`]),
  ];
  return `${name} (${facts.join(", ")})`;
};

/** A report as text for the command line, one fact a line. */
export const renderReport = (report: FlowReport): string =>
  [
    `${report.name} (${report.mode}, DSL ${report.version})`,
    ...(report.description === "" ? [] : [report.description]),
    ...section("Inputs", report.inputs.map(inputLine)),
    ...section("Outputs", report.outputs),
    ...section(
      "Nodes",
      Object.entries(report.kinds).map(([kind, count]) => `${count} × ${kind}`),
    ),
    ...section(
      "Models",
      report.models.map(({ provider, name, nodes }) => `${provider}/${name} (${nodes.join(", ")})`),
    ),
    ...section("Code", report.languages),
    ...section("Datasets", report.datasets),
    ...section("Needed from outside", report.secrets),
    ...section("Warnings", report.warnings.map(showProblem)),
    "",
  ].join("\n");
