import { resolve } from "node:path";
import { BUILTIN_FLOWS, BUILTIN_NAMES, builtinOf } from "../../config/builtin-flows.ts";
import type { FlowConfig, FlowFile, LocalConfig } from "../../config/config.ts";
import { type Message, message } from "../../messages/message.ts";
import { CommandError } from "../command-error.ts";
import { chooseFlow } from "../review/review-change.ts";

/**
 * The flows that are measured: configured ones by their names, files that come with Reviewflow, and files
 * by their paths, which take everything but their file, passes and `verify` from the first flow that
 * reports findings. Without names, that flow. Throws a CommandError with every name that is none.
 */
export const chooseFlows = (
  config: Pick<LocalConfig, "flows">,
  names: readonly string[],
  folder: string,
): readonly FlowConfig[] => {
  const first = chooseFlow(config, null);
  if (names.length === 0) return [first];
  const problems: Message[] = [];
  const flows = names.flatMap((name): readonly FlowConfig[] => {
    const configured = config.flows.find((flow) => flow.name === name && flow.contract === "findings");
    if (configured !== undefined) return [configured];
    const file = fileOf(name, folder);
    if (!("code" in file)) return [bare(first, name, file)];
    problems.push(message("cli.eval.flow", { name, problem: file }));
    return [];
  });
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  problems.push(...[...new Set(twice)].map((name) => message("cli.eval.flow-twice", { name })));
  if (problems.length > 0) throw new CommandError(problems, { code: "usage-invalid" });
  return flows;
};

/** The file that a name stands for, or why it stands for none. */
const fileOf = (name: string, folder: string): FlowFile | Message => {
  const builtin = builtinOf(name);
  if (builtin === "unknown") return message("cli.eval.shipped", { names: BUILTIN_NAMES });
  if (builtin !== null)
    return BUILTIN_FLOWS[builtin] === "findings"
      ? { kind: "builtin", name: builtin }
      : message("cli.eval.no-findings");
  if (/\.ya?ml$/i.test(name)) return { kind: "path", path: resolve(folder, name) };
  return message("cli.eval.no-flow");
};

const bare = (first: FlowConfig, name: string, file: FlowFile): FlowConfig => ({
  ...first,
  name,
  runner: {
    kind: "embedded",
    file,
    secrets: first.runner.kind === "embedded" ? first.runner.secrets : {},
    tools: first.runner.kind === "embedded" ? first.runner.tools : {},
  },
  findings: { ...first.findings, passes: [], verify: null, summary: null },
});
