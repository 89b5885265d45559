import { neededSecrets } from "../engine/initial-pool.ts";
import type { Flow, FlowProblem } from "../flow.ts";
import type { ToolReference } from "../ports.ts";
import type { InputVariable } from "../nodes/start/schema.ts";

/** An input as a report shows it. */
export type InputReport = {
  readonly name: string;
  readonly type: InputVariable["type"];
  readonly required: boolean;
  readonly maxLength: number | null;
  readonly options: readonly string[];
};

/** What a flow takes, gives and needs. */
export type FlowReport = {
  readonly name: string;
  readonly description: string;
  readonly mode: Flow["mode"];
  readonly version: string;
  readonly inputs: readonly InputReport[];
  /** The outputs of its end nodes; `answer` for a chatflow. */
  readonly outputs: readonly string[];
  /** How many nodes of each kind there are, by kind. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly models: readonly {
    readonly provider: string;
    readonly name: string;
    readonly nodes: readonly string[];
  }[];
  readonly datasets: readonly string[];
  /** The tools that its nodes may call; the host's settings say whether they run. */
  readonly tools: readonly (ToolReference & { readonly nodes: readonly string[] })[];
  /** What must come from outside: secrets of the environment, and keys that nodes lack. */
  readonly secrets: readonly string[];
  readonly languages: readonly string[];
  readonly warnings: readonly FlowProblem[];
};

const countKinds = (flow: Flow): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>();
  for (const { kind } of flow.nodes.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([left], [right]) => (left < right ? -1 : 1)));
};

const outputsOf = (flow: Flow): readonly string[] => [
  ...new Set(
    [...flow.nodes.values()].flatMap((node) => {
      if (node.role !== "response") return [];
      return node.kind === "answer" ? ["answer"] : Object.keys(node.declaration.outputs ?? {});
    }),
  ),
];

const modelsOf = (flow: Flow): FlowReport["models"] => {
  const models = new Map<string, { provider: string; name: string; nodes: string[] }>();
  for (const node of flow.nodes.values()) {
    for (const { provider, name } of node.declaration.models) {
      const key = JSON.stringify([provider, name]);
      const model = models.get(key) ?? { provider, name, nodes: [] };
      model.nodes.push(node.title === "" ? node.id : node.title);
      models.set(key, model);
    }
  }
  return [...models.values()];
};

const toolsOf = (flow: Flow): FlowReport["tools"] => {
  const tools = new Map<string, ToolReference & { nodes: string[] }>();
  for (const node of flow.nodes.values()) {
    for (const { providerType, providerId, toolName } of node.declaration.tools) {
      const key = JSON.stringify([providerType, providerId, toolName]);
      const tool = tools.get(key) ?? { providerType, providerId, toolName, nodes: [] };
      tool.nodes.push(node.title === "" ? node.id : node.title);
      tools.set(key, tool);
    }
  }
  return [...tools.values()];
};

/** Says what a flow takes, gives and needs, without running it. */
export const describeFlow = (flow: Flow): FlowReport => {
  const declarations = [...flow.nodes.values()].map((node) => node.declaration);
  const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];
  return {
    name: flow.name,
    description: flow.description,
    mode: flow.mode,
    version: flow.version,
    inputs: flow.inputs.map(({ variable, type, required, max_length: maxLength, options }) => ({
      name: variable,
      type,
      required,
      maxLength,
      options,
    })),
    outputs: outputsOf(flow),
    kinds: countKinds(flow),
    models: modelsOf(flow),
    datasets: unique(declarations.flatMap(({ datasets }) => datasets)),
    tools: toolsOf(flow),
    secrets: unique([...neededSecrets(flow), ...declarations.flatMap(({ secrets }) => secrets)]),
    languages: unique(declarations.flatMap(({ languages }) => languages)),
    warnings: flow.warnings,
  };
};
