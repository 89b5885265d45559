import { describeFlow, type FlowReport, type InputReport } from "../flow/describe/describe-flow.ts";
import type { FlowProblem } from "../flow/flow.ts";
import { showProblem } from "../flow/parse/flow-file-error.ts";
import { readFlow } from "../flow/parse/parse-flow.ts";
import { type Translate, translator } from "../messages/format-message.ts";
import { FALLBACK } from "../messages/language.ts";
import { readFlowText } from "./read-flow-text.ts";
import { printable, processTerminal, type Terminal, terminalTexts } from "./terminal.ts";

/** How `flow check` says what it found. */
export type FlowCheckOptions = Partial<Terminal> & {
  /** One JSON array, an entry a file, instead of text. */
  readonly json?: boolean;
  /** The process's own when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
};

/** What was found in one file; with `--json` just this is printed. */
export type FileCheck = {
  readonly file: string;
  /** Whether the flow can run here. */
  readonly ok: boolean;
  /** What the flow takes, gives and needs; null when it cannot run. */
  readonly flow: FlowReport | null;
  readonly problems: readonly FlowProblem[];
  readonly warnings: readonly FlowProblem[];
};

const checkFile = async (t: Translate, file: string): Promise<FileCheck> => {
  const read = await readFlowText(file);
  if (!read.ok) {
    const problem: FlowProblem = { nodeId: null, title: null, field: "", message: t.message(read.problem) };
    return { file, ok: false, flow: null, problems: [problem], warnings: [] };
  }
  const reading = readFlow(read.text);
  if (!reading.ok) {
    return { file, ok: false, flow: null, problems: reading.problems, warnings: reading.warnings };
  }
  const { flow } = reading;
  return { file, ok: true, flow: describeFlow(flow), problems: [], warnings: flow.warnings };
};

const bullets = (problems: readonly FlowProblem[]): readonly string[] =>
  problems.map((problem) => `  - ${showProblem(problem)}`);

const render = (t: Translate, { file, flow, problems, warnings }: FileCheck): string => {
  if (flow !== null) return `${t("cli.flow.can-run", { file })}\n\n${renderReport(t, flow)}`;
  return [
    t("cli.flow.cannot-run", { file, count: problems.length }),
    ...bullets(problems),
    ...(warnings.length === 0 ? [] : ["", t("cli.flow.warnings"), ...bullets(warnings)]),
    "",
  ].join("\n");
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
    ...section(t("cli.flow.warnings"), report.warnings.map(showProblem)),
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
  // Programs read JSON; its sentences are English for all of them.
  const t = json ? translator(FALLBACK) : terminalTexts(environment);
  const checks: FileCheck[] = [];
  for (const file of typeof files === "string" ? [files] : files) checks.push(await checkFile(t, file));
  write(
    json
      ? `${JSON.stringify(checks, null, 2)}\n`
      : printable(checks.map((check) => render(t, check)).join("\n")),
  );
  return checks.every(({ ok }) => ok) ? 0 : 1;
};
