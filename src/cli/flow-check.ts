import { resolve } from "node:path";
import type { LocalConfig, RunnerConfig } from "../config/config.ts";
import { describeFlow, type FlowReport, type InputReport } from "../flow/describe/describe-flow.ts";
import type { FlowProblem } from "../flow/flow.ts";
import { inEnglish } from "../base/errors.ts";
import { describeProblem } from "../flow/parse/flow-file-error.ts";
import { type FlowReading, readFlow } from "../flow/parse/parse-flow.ts";
import type { Translate } from "../messages/format-message.ts";
import { type Message, message } from "../messages/message.ts";
import { planTool, type ToolPlan } from "../tools/tool-runner.ts";
import { readConfigForFile } from "./read-config.ts";
import { readFlowText } from "./read-flow-text.ts";
import { printable, processTerminal, type Terminal, terminalTexts } from "./terminal.ts";

/** How `flow check` says what it found. */
export type FlowCheckOptions = Partial<Terminal> & {
  /** One JSON array, an entry a file, instead of text. */
  readonly json?: boolean;
  /** Settings, which say how tools run; those of REVIEWFLOW_CONFIG when left out. */
  readonly config?: string;
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
  readonly flow: (Omit<PlannedReport, "warnings"> & { readonly warnings: readonly ProblemReport[] }) | null;
  readonly problems: readonly ProblemReport[];
  readonly warnings: readonly ProblemReport[];
};

type ToolReport = FlowReport["tools"][number];

/** What a flow takes, gives and needs, with how each of its tools runs. */
type PlannedReport = Omit<FlowReport, "tools"> & {
  readonly tools: readonly (ToolReport & { readonly plan: ToolPlan })[];
};

/** How a tool of a file runs. */
type PlanOf = (tool: ToolReport) => ToolPlan;

/** One file as it was read. */
type Checked = { readonly file: string } & (
  | { readonly unreadable: Message }
  | { readonly reading: FlowReading; readonly planOf: PlanOf }
);

const checkFile = async (file: string, config: LocalConfig | null): Promise<Checked> => {
  const read = await readFlowText(file);
  return read.ok
    ? { file, reading: readFlow(read.text), planOf: plansFor(file, config) }
    : { file, unreadable: read.problem };
};

const sectionsOf = ({
  runner,
  reply,
  shadow,
  findings,
}: LocalConfig["flows"][number]): readonly RunnerConfig[] =>
  [runner, reply, shadow?.runner, ...findings.passes, findings.verify, findings.summary].flatMap(
    (section) => section ?? [],
  );

/** How the tools of a file run by the settings of the flows that name it. */
const plansFor = (file: string, config: LocalConfig | null): PlanOf => {
  const path = resolve(file);
  const sections = (config?.flows ?? [])
    .flatMap(sectionsOf)
    .map((section) => (section.kind === "dify" ? section.fallback : section))
    .filter((section) => section?.file.kind === "path" && resolve(section.file.path) === path);
  const tools = sections.flatMap((section) => Object.entries(section?.tools ?? {}));
  const secrets = new Set(sections.flatMap((section) => Object.keys(section?.secrets ?? {})));
  const servers = new Set(config?.mcpServers.map(({ name }) => name));
  return (tool) => planTool(tool, Object.fromEntries(tools), servers, secrets);
};

const planned = (report: FlowReport, planOf: PlanOf): PlannedReport => ({
  ...report,
  tools: report.tools.map((tool) => ({ ...tool, plan: planOf(tool) })),
});

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
  const report = planned(describeFlow(reading.flow), checked.planOf);
  return { file, ok: true, flow: { ...report, warnings }, problems: [], warnings };
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
    ? `${t("cli.flow.can-run", { file })}\n\n${renderReport(t, planned(describeFlow(reading.flow), checked.planOf))}`
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

const planText = (plan: ToolPlan): Message => {
  switch (plan.kind) {
    case "builtin":
      return plan.secret === null
        ? message("cli.flow.tool.builtin")
        : message("cli.flow.tool.builtin-secret", { secret: plan.secret });
    case "mcp":
      return message("cli.flow.tool.mcp", { server: plan.server, name: plan.tool });
    case "openapi":
      return message("cli.flow.tool.openapi", { service: plan.service, operation: plan.operation });
    case "flow":
      return message("cli.flow.tool.flow", { file: plan.path });
    case "missing":
      return message("cli.flow.tool.missing", { setting: plan.setting });
    default:
      return plan satisfies never;
  }
};

/** What a flow takes, gives and needs, one fact a line. */
export const renderReport = (t: Translate, report: PlannedReport): string =>
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
    ...section(
      t("cli.flow.tools"),
      report.tools.map(({ providerId, toolName, nodes, plan }) =>
        t.message(
          message("cli.flow.tool", { tool: `${providerId}/${toolName}`, nodes, plan: planText(plan) }),
        ),
      ),
    ),
    ...section(t("cli.flow.secrets"), report.secrets),
    ...section(
      t("cli.flow.warnings"),
      report.warnings.map((one) => t.message(describeProblem(one))),
    ),
    "",
  ].join("\n");

/**
 * `reviewflow flow check FILE…`: says what each workflow file takes, gives and needs, or everything that
 * keeps it from running, with the node's title, its id and the field, and how each of its tools runs. Returns the exit code: 0 when all
 * files can run, else 1.
 */
export const flowCheck = async (
  files: string | readonly string[],
  { json = false, config, environment, write = processTerminal.write }: FlowCheckOptions = {},
): Promise<number> => {
  const given = environment ?? process.env;
  const settings =
    (config ?? given["REVIEWFLOW_CONFIG"] ?? "") === "" ? null : readConfigForFile(given, config ?? null);
  const checks: Checked[] = [];
  for (const file of typeof files === "string" ? [files] : files)
    checks.push(await checkFile(file, settings));
  const t = terminalTexts(environment);
  write(
    json
      ? `${JSON.stringify(checks.map(toJson), null, 2)}\n`
      : printable(checks.map((check) => render(t, check)).join("\n")),
  );
  return checks.every((check) => "reading" in check && check.reading.ok) ? 0 : 1;
};
