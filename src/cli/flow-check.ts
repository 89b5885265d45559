import { describeFlow, type FlowReport } from "../flow/describe/describe-flow.ts";
import { renderReport } from "../flow/describe/render-report.ts";
import type { FlowProblem } from "../flow/flow.ts";
import { showProblem } from "../flow/parse/flow-file-error.ts";
import { readFlow } from "../flow/parse/parse-flow.ts";
import { readFlowText } from "./read-flow-text.ts";
import { printable, processTerminal, type Terminal } from "./terminal.ts";

/** How `flow check` says what it found. */
export type FlowCheckOptions = Partial<Terminal> & {
  /** One JSON array, an entry a file, instead of text. */
  readonly json?: boolean;
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

const checkFile = async (file: string): Promise<FileCheck> => {
  const read = await readFlowText(file);
  if (!read.ok) {
    const message = read.message.slice(`${file}: `.length);
    const problem: FlowProblem = { nodeId: null, title: null, field: "", message };
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

const render = ({ file, flow, problems, warnings }: FileCheck): string => {
  if (flow !== null) return `${file}: can run\n\n${renderReport(flow)}`;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [
    `${file}: cannot run, ${count}`,
    ...bullets(problems),
    ...(warnings.length === 0 ? [] : ["", "Warnings", ...bullets(warnings)]),
    "",
  ].join("\n");
};

/**
 * `reviewflow flow check FILE…`: says what each workflow file takes, gives and needs, or everything that
 * keeps it from running, with the node's title, its id and the field. Returns the exit code: 0 when all
 * files can run, else 1.
 */
export const flowCheck = async (
  files: string | readonly string[],
  { json = false, write = processTerminal.write }: FlowCheckOptions = {},
): Promise<number> => {
  const checks: FileCheck[] = [];
  for (const file of typeof files === "string" ? [files] : files) checks.push(await checkFile(file));
  write(json ? `${JSON.stringify(checks, null, 2)}\n` : printable(checks.map(render).join("\n")));
  return checks.every(({ ok }) => ok) ? 0 : 1;
};
