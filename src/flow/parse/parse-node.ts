import type { FlowNode, NodeBox } from "../flow.ts";
import { type NodeKind, nodeFailure, PLAIN_DECLARATION } from "../node.ts";
import type { Variable } from "../value-type.ts";
import { parseData } from "../parse-data.ts";
import { fileProblems, nodeProblem, type ProblemList } from "./problems.ts";
import { CommonData, NodeEntry } from "./schema.ts";
import { readDefaultValue } from "./stated-value.ts";
import { flowMessage } from "../messages/message.ts";

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
      problems.errors.push(
        nodeProblem(node, `default_value.${key}`, flowMessage("flow.file.default-type", { type })),
      );
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

/** A node of which only its place in the graph could be read; a flow with one is drawn, and never runs. */
const unreadableNode = (named: Named, entry: NodeEntry, kind: NodeKind | undefined): FlowNode => {
  const type = entry.data["type"];
  return {
    ...named,
    kind: typeof type === "string" ? type : "",
    role: kind?.role ?? "plain",
    description: "",
    containerId: entry.parentId ?? null,
    box: boxOf(entry),
    errorStrategy: null,
    defaultValues: {},
    retry: { maxRetries: 0, intervalMs: 0 },
    declaration: { ...PLAIN_DECLARATION, outputs: null },
    execute: async () => nodeFailure("", flowMessage("flow.node.unreadable")),
  };
};

/**
 * Reads one node of a file; undefined for a note on the canvas and for an entry that is no node. What is wrong with a
 * node is added to `problems`, all of it at once.
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
  const { title, type } = entry.data;
  const named: Named = { id: entry.id, title: typeof title === "string" ? title : "" };
  const kind = typeof type === "string" ? findKind(type) : undefined;
  if (kind === undefined && typeof type === "string") {
    problems.errors.push(nodeProblem(named, "type", flowMessage("flow.file.node-type-unknown", { type })));
  }
  const common = parseData(CommonData, entry.data);
  const loaded = kind?.load(entry.data);
  const own = loaded !== undefined && "problems" in loaded ? loaded.problems : [];
  problems.errors.push(
    ...[...(common.ok ? [] : common.problems), ...own].map(({ field, message }) =>
      nodeProblem(named, field, message),
    ),
  );
  if (kind === undefined || !common.ok || loaded === undefined || "problems" in loaded)
    return unreadableNode(named, entry, kind);
  const { declaration, execute } = loaded;
  const { data } = common;
  problems.warnings.push(
    ...declaration.failures.map(({ field, message: problem }) =>
      nodeProblem(named, field, flowMessage("flow.problem.fails", { problem })),
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
