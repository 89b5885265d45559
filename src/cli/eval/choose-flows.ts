import { resolve } from "node:path";
import { ConfigError } from "../../base/errors.ts";
import { BUILTIN_FLOWS, BUILTIN_NAMES, builtinOf } from "../../config/builtin-flows.ts";
import type { FlowConfig, FlowFile, LocalConfig } from "../../config/config.ts";
import { chooseFlow } from "../review/review-change.ts";

/**
 * The flows that are measured: configured ones by their names, files that come with Reviewflow, and files
 * by their paths, which take everything but their file, passes and `verify` from the first flow that
 * reports findings. Without names, that flow. Throws a ConfigError with every name that is none.
 */
export const chooseFlows = (
  config: Pick<LocalConfig, "flows">,
  names: readonly string[],
  folder: string,
): readonly FlowConfig[] => {
  const first = chooseFlow(config, null);
  if (names.length === 0) return [first];
  const problems: string[] = [];
  const flows = names.flatMap((name): readonly FlowConfig[] => {
    const configured = config.flows.find((flow) => flow.name === name && flow.contract === "findings");
    if (configured !== undefined) return [configured];
    const file = fileOf(name, folder);
    if (typeof file !== "string") return [bare(first, name, file)];
    problems.push(`--flow ${name}: ${file}`);
    return [];
  });
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  problems.push(
    ...new Set(twice.map((name) => `--flow ${name} is there twice; --repeats measures it again`)),
  );
  if (problems.length > 0) throw new ConfigError(problems, { code: "usage-invalid" });
  return flows;
};

/** The file that a name stands for, or why it stands for none. */
const fileOf = (name: string, folder: string): FlowFile | string => {
  const builtin = builtinOf(name);
  if (builtin === "unknown") return `only these are shipped: ${BUILTIN_NAMES.join(", ")}`;
  if (builtin !== null)
    return BUILTIN_FLOWS[builtin] === "findings"
      ? { kind: "builtin", name: builtin }
      : "it reports no findings";
  if (/\.ya?ml$/i.test(name)) return { kind: "path", path: resolve(folder, name) };
  return "no flow of that name has the contract findings; a file is named as builtin:review or by a path that ends in .yml";
};

const bare = (first: FlowConfig, name: string, file: FlowFile): FlowConfig => ({
  ...first,
  name,
  runner: { kind: "embedded", file, secrets: first.runner.kind === "embedded" ? first.runner.secrets : {} },
  findings: { ...first.findings, passes: [], verify: null, summary: null },
});
