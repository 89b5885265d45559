import { describeFlow, type FlowReport, type InputReport } from "../flow/describe/describe-flow.ts";
import type { FlowProblem } from "../flow/flow.ts";
import { inEnglish } from "../base/errors.ts";
import { describeProblem } from "../flow/parse/flow-file-error.ts";
import { type FlowReading, readFlow } from "../flow/parse/parse-flow.ts";
import type { Translate } from "../messages/format-message.ts";
import type { Message } from "../messages/message.ts";
import { readFlowText } from "./read-flow-text.ts";
import { printable, processTerminal, type Terminal, terminalTexts } from "./terminal.ts";

/** How `flow check` says what it found. */
export type FlowCheckOptions = Partial<Terminal> & {
  /** One JSON array, an entry a file, instead of text. */
  readonly json?: boolean;
  /** The process's own when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
};

/** A problem as programs read it: where, its code with what its sentence names, and that sentence in English. */
type ProblemReport = Pick<FlowProblem, "nodeId" | "title" | "field"> & Message & { readonly message: string };

/** What was found in one file; with `--json` just this is printed. */
type FileCheck = {
  readonly file: string;
  /** Whether the flow can run here. */
  readonly ok: boolean;
  /** What the flow takes, gives and needs; null when it cannot run. */
  readonly flow: (Omit<FlowReport, "warnings"> & { readonly warnings: readonly ProblemReport[] }) | null;
  readonly problems: readonly ProblemReport[];
  readonly warnings: readonly ProblemReport[];
};

/** One file as it was read. */
type Checked = { readonly file: string } & (
  | { readonly unreadable: Message }
  | { readonly reading: FlowReading }
);

const checkFile = async (file: string): Promise<Checked> => {
  const read = await readFlowText(file);
  return read.ok ? { file, reading: readFlow(read.text) } : { file, unreadable: read.problem };
};

const reportOf = ({ nodeId, title, field, message }: FlowProblem): ProblemReport => ({
  nodeId,
  title,
  field,
  ...message,
  message: inEnglish(message),
});

const toJson = (checked: Checked): FileCheck => {
  const { file } = checked;
  if ("unreadable" in checked) {
    const { unreadable } = checked;
    const problem = { nodeId: null, title: null, field: "", ...unreadable, message: inEnglish(unreadable) };
    return { file, ok: false, flow: null, problems: [problem], warnings: [] };
  }
  const { reading } = checked;
  if (!reading.ok) {
    const problems = reading.problems.map(reportOf);
    return { file, ok: false, flow: null, problems, warnings: reading.warnings.map(reportOf) };
  }
  const warnings = reading.flow.warnings.map(reportOf);
  return { file, ok: true, flow: { ...describeFlow(reading.flow), warnings }, problems: [], warnings };
};

const bullets = (t: Translate, problems: readonly Message[]): readonly string[] =>
  problems.map((problem) => `  - ${t.message(problem)}`);

const renderRefused = (
  t: Translate,
  file: string,
  problems: readonly Message[],
  warnings: readonly Message[],
): string =>
  [
    t("cli.flow.cannot-run", { file, count: problems.length }),
    ...bullets(t, problems),
    ...(warnings.length === 0 ? [] : ["", t("cli.flow.warnings"), ...bullets(t, warnings)]),
    "",
  ].join("\n");

const render = (t: Translate, checked: Checked): string => {
  const { file } = checked;
  if ("unreadable" in checked) return renderRefused(t, file, [checked.unreadable], []);
  const { reading } = checked;
  return reading.ok
    ? `${t("cli.flow.can-run", { file })}\n\n${renderReport(t, describeFlow(reading.flow))}`
    : renderRefused(t, file, reading.problems.map(describeProblem), reading.warnings.map(describeProblem));
};

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];

const inputLine = (t: Translate, { name, type, required, maxLength, options }: InputReport): string => {
  const facts = [
    type,
    ...(required ? [t("cli.flow.required")] : []),
    ...(maxLength === null || maxLength === 0 ? [] : [t("cli.flow.at-most", { length: maxLength })]),
    ...(options.length === 0 ? [] : [t("cli.flow.one-of", { options: options.join(", ") })]),
  ];
  return `${name} (${facts.join(", ")})`;
};

/** What a flow takes, gives and needs, one fact a line. */
export const renderReport = (t: Translate, report: FlowReport): string =>
  [
    `${report.name} (${report.mode}, DSL ${report.version})`,
    ...(report.description === "" ? [] : [report.description]),
    ...section(
      t("flows.inputs"),
      report.inputs.map((input) => inputLine(t, input)),
    ),
    ...section(t("flows.outputs"), report.outputs),
    ...section(
      t("flows.nodes"),
      Object.entries(report.kinds).map(([kind, count]) => `${count} × ${kind}`),
    ),
    ...section(
      t("flows.models"),
      report.models.map(({ provider, name, nodes }) => `${provider}/${name} (${nodes.join(", ")})`),
    ),
    ...section(t("cli.flow.code"), report.languages),
    ...section(t("cli.flow.datasets"), report.datasets),
    ...section(t("cli.flow.secrets"), report.secrets),
    ...section(
      t("cli.flow.warnings"),
      report.warnings.map((one) => t.message(describeProblem(one))),
    ),
    "",
  ].join("\n");

/**
 * `reviewflow flow check FILE…`: says what each workflow file takes, gives and needs, or everything that
 * keeps it from running, with the node's title, its id and the field. Returns the exit code: 0 when all
 * files can run, else 1.
 */
export const flowCheck = async (
  files: string | readonly string[],
  { json = false, environment, write = processTerminal.write }: FlowCheckOptions = {},
): Promise<number> => {
  const checks: Checked[] = [];
  for (const file of typeof files === "string" ? [files] : files) checks.push(await checkFile(file));
  const t = terminalTexts(environment);
  write(
    json
      ? `${JSON.stringify(checks.map(toJson), null, 2)}\n`
      : printable(checks.map((check) => render(t, check)).join("\n")),
  );
  return checks.every((check) => "reading" in check && check.reading.ok) ? 0 : 1;
};
