import type { FlowNode, NodeBox } from "../flow.ts";
import type { NodeKind } from "../node.ts";
import type { Variable } from "../value-type.ts";
import { parseData } from "../parse-data.ts";
import { fileProblems, nodeProblem, type ProblemList } from "./problems.ts";
import { CommonData, NodeEntry } from "./schema.ts";
import { readDefaultValue } from "./stated-value.ts";

/** Finds the kind that a file names. */
export type FindKind = (type: string) => NodeKind | undefined;

const boxOf = (entry: NodeEntry): NodeBox | null =>
  entry.position === null || entry.position === undefined
    ? null
    : { ...entry.position, width: entry.width ?? 244, height: entry.height ?? 54 };

const defaultsOf = (
  node: Named,
  data: CommonData,
  problems: ProblemList,
): Readonly<Record<string, Variable>> => {
  if (data.error_strategy !== "default-value") return {};
  return Object.fromEntries(
    data.default_value.flatMap(({ key, type, value }) => {
      const variable = readDefaultValue(type, value);
      if (variable !== undefined) return [[key, variable] as const];
      problems.errors.push(nodeProblem(node, `default_value.${key}`, `The default value is no ${type}.`));
      return [];
    }),
  );
};

type Named = { readonly id: string; readonly title: string };

const retryOf = (kind: NodeKind, data: CommonData): FlowNode["retry"] => {
  const config = data.retry_config;
  if (!kind.retries || config?.retry_enabled !== true) return { maxRetries: 0, intervalMs: 0 };
  return { maxRetries: config.max_retries ?? 0, intervalMs: config.retry_interval ?? 0 };
};

const readEntry = (raw: unknown, index: number, problems: ProblemList): NodeEntry | undefined => {
  const parsed = parseData(NodeEntry, raw);
  if (parsed.ok) return parsed.data;
  problems.errors.push(...fileProblems(`workflow.graph.nodes.${index}`, parsed.problems));
  return undefined;
};

const isNote = (raw: unknown): boolean =>
  typeof raw === "object" && raw !== null && "type" in raw && raw.type === "custom-note";

/**
 * Reads one node of a file; undefined for a note on the canvas and for a node with problems, which are
 * added to `problems`.
 */
export const parseNode = (
  raw: unknown,
  index: number,
  findKind: FindKind,
  problems: ProblemList,
): FlowNode | undefined => {
  if (isNote(raw)) return undefined;
  const entry = readEntry(raw, index, problems);
  if (entry === undefined) return undefined;
  const rawTitle = entry.data["title"];
  const named: Named = { id: entry.id, title: typeof rawTitle === "string" ? rawTitle : "" };
  const common = parseData(CommonData, entry.data);
  if (!common.ok) {
    problems.errors.push(...common.problems.map(({ field, message }) => nodeProblem(named, field, message)));
    return undefined;
  }
  const data = common.data;
  const kind = findKind(data.type);
  if (kind === undefined) {
    const message = `Nodes of the kind "${data.type}" are not known. Remove the node, or run this flow on a Dify server.`;
    problems.errors.push(nodeProblem(named, "type", message));
    return undefined;
  }
  const loaded = kind.load(entry.data);
  if ("problems" in loaded) {
    problems.errors.push(...loaded.problems.map(({ field, message }) => nodeProblem(named, field, message)));
    return undefined;
  }
  const { declaration, execute } = loaded;
  problems.warnings.push(
    ...declaration.failures.map(({ field, message }) =>
      nodeProblem(named, field, `${message.replace(/\.$/, "")}. The node fails when it is reached.`),
    ),
  );
  problems.warnings.push(
    ...declaration.warnings.map(({ field, message }) => nodeProblem(named, field, message)),
  );
  const strategy = data.error_strategy;
  return {
    ...named,
    kind: kind.type,
    role: kind.role,
    description: data.desc,
    containerId: entry.parentId ?? null,
    box: boxOf(entry),
    errorStrategy: strategy === "fail-branch" || strategy === "default-value" ? strategy : null,
    defaultValues: defaultsOf(named, data, problems),
    retry: retryOf(kind, data),
    declaration,
    execute,
  };
};
