import { createHash } from "node:crypto";
import type { Flow, FlowNode, FlowProblem } from "../flow.ts";
import { assignContainers } from "../graph/assign-containers.ts";
import { checkGraph, withoutBrokenParts } from "../graph/check-graph.ts";
import { checkReferences } from "../graph/check-references.ts";
import { findNodeKind } from "../nodes/registry.ts";
import { StartData } from "../nodes/start/schema.ts";
import { FlowFileError } from "./flow-file-error.ts";
import { parseEdges } from "./parse-edges.ts";
import { type FindKind, parseNode } from "./parse-node.ts";
import { parseConversation, parseEnvironment } from "./parse-variables.ts";
import { checkVersion } from "./parse-version.ts";
import { readYaml } from "./read-yaml.ts";
import { createProblemList, fileProblem, fileProblems, nodeProblem, type ProblemList } from "./problems.ts";
import { parseData } from "../parse-data.ts";
import { FlowDocument } from "./schema.ts";
import { ownValue } from "../own-value.ts";
import { type FlowMessage, flowMessage } from "../messages/message.ts";

/** How files are read. */
export type ParseFlowOptions = {
  /** Finds a kind of node by its name; the registry when left out. */
  readonly findKind?: FindKind;
};

const RAG_PIPELINE = flowMessage("flow.file.mode-rag-pipeline");

const MODE_REFUSALS: Readonly<Record<string, FlowMessage>> = {
  chat: flowMessage("flow.file.mode-chat"),
  "agent-chat": flowMessage("flow.file.mode-agent-chat"),
  completion: flowMessage("flow.file.mode-completion"),
  "rag-pipeline": RAG_PIPELINE,
};

const isMode = (mode: string): mode is Flow["mode"] => mode === "workflow" || mode === "advanced-chat";

const readDocument = (text: string, problems: ProblemList): FlowDocument | undefined => {
  const yaml = readYaml(text);
  if (!yaml.ok) {
    problems.errors.push(fileProblem("", flowMessage("flow.file.not-yaml", { reason: yaml.reason })));
    return undefined;
  }
  const raw = yaml.value;
  if (typeof raw !== "object" || raw === null || !("app" in raw || "kind" in raw || "workflow" in raw)) {
    problems.errors.push(fileProblem("", flowMessage("flow.file.not-an-export")));
    return undefined;
  }
  if ("kind" in raw && raw.kind === "rag_pipeline") {
    problems.errors.push(fileProblem("kind", RAG_PIPELINE));
    return undefined;
  }
  const parsed = parseData(FlowDocument, raw);
  if (parsed.ok) return parsed.data;
  problems.errors.push(...fileProblems("", parsed.problems));
  return undefined;
};

const checkMode = (mode: string, problems: ProblemList): Flow["mode"] => {
  if (isMode(mode)) return mode;
  const message = ownValue(MODE_REFUSALS, mode) ?? flowMessage("flow.file.mode-unknown", { mode });
  problems.errors.push(fileProblem("app.mode", message));
  return "workflow";
};

/** Far more than anybody draws; each is checked, and described in problems. */
const MOST_NODES = 20_000;
const MOST_EDGES = 50_000;

/** Told at once, before a node is read. */
const checkSize = ({ nodes, edges }: NonNullable<FlowDocument["workflow"]>["graph"]): FlowProblem | null => {
  const problems = [
    nodes.length > MOST_NODES
      ? fileProblem(
          "workflow.graph.nodes",
          flowMessage("flow.file.too-many-nodes", { count: nodes.length, most: MOST_NODES }),
        )
      : null,
    edges.length > MOST_EDGES
      ? fileProblem(
          "workflow.graph.edges",
          flowMessage("flow.file.too-many-edges", { count: edges.length, most: MOST_EDGES }),
        )
      : null,
  ];
  return problems.find((problem) => problem !== null) ?? null;
};

const parseNodes = (raw: readonly unknown[], findKind: FindKind, problems: ProblemList) => {
  const nodes = new Map<string, FlowNode>();
  for (const [index, one] of raw.entries()) {
    const node = parseNode(one, index, findKind, problems);
    if (node === undefined) continue;
    if (nodes.has(node.id))
      problems.errors.push(nodeProblem(node, "id", flowMessage("flow.graph.duplicate-id")));
    nodes.set(node.id, node);
  }
  return nodes;
};

const INNER_STARTS: ReadonlySet<string> = new Set(["iteration-start", "loop-start"]);

/** Where a run begins: the first start node, else what starts flows in Dify (a trigger, a data source). */
const findStart = (nodes: readonly FlowNode[]): string =>
  (
    nodes.find(({ kind }) => kind === "start") ??
    nodes.find(({ role, kind }) => role === "root" && !INNER_STARTS.has(kind))
  )?.id ?? "";

const isStartOf = (raw: unknown, startNodeId: string): boolean =>
  typeof raw === "object" && raw !== null && "id" in raw && String(raw.id) === startNodeId;

const inputsOf = (rawNodes: readonly unknown[], startNodeId: string): Flow["inputs"] => {
  const raw = rawNodes.find((node) => isStartOf(node, startNodeId));
  const data = typeof raw === "object" && raw !== null && "data" in raw ? raw.data : {};
  const parsed = StartData.safeParse(data);
  return parsed.success ? (parsed.data.variables ?? []) : [];
};

/** What reading a file gave: a flow, or everything that keeps it from running. */
export type FlowReading =
  | { readonly ok: true; readonly flow: Flow }
  | {
      readonly ok: false;
      readonly problems: readonly FlowProblem[];
      readonly warnings: readonly FlowProblem[];
      /** What could be read of it, for a drawing; it cannot run. Null where there is no graph. */
      readonly partial: Flow | null;
    };

/** Reads a workflow file that Dify exported, without throwing. See {@link parseFlow}. */
export const readFlow = (yamlText: string, options: ParseFlowOptions = {}): FlowReading => {
  const problems = createProblemList();
  const document = readDocument(yamlText, problems);
  if (document === undefined)
    return { ok: false, problems: problems.errors, warnings: problems.warnings, partial: null };
  const version = checkVersion(document.version, problems);
  const mode = checkMode(document.app.mode, problems);
  const { workflow } = document;
  if (workflow === null || workflow === undefined) {
    if (problems.errors.length === 0)
      problems.errors.push(fileProblem("workflow", flowMessage("flow.file.no-workflow")));
    return { ok: false, problems: problems.errors, warnings: problems.warnings, partial: null };
  }
  const tooLarge = checkSize(workflow.graph);
  if (tooLarge !== null) {
    problems.errors.push(tooLarge);
    return { ok: false, problems: problems.errors, warnings: problems.warnings, partial: null };
  }
  const read = parseNodes(workflow.graph.nodes, options.findKind ?? findNodeKind, problems);
  const hasAllNodes = problems.errors.length === 0;
  const edges = parseEdges(workflow.graph.edges, problems);
  const nodes = assignContainers(read, edges);
  const environment = parseEnvironment(workflow.environment_variables, problems);
  const conversation = parseConversation(workflow.conversation_variables, problems);
  const startNodeId = findStart([...nodes.values()]);
  const flow: Flow = {
    name: document.app.name,
    description: document.app.description,
    version,
    digest: createHash("sha256").update(yamlText, "utf8").digest("hex"),
    mode,
    nodes,
    edges,
    startNodeId,
    inputs: inputsOf(workflow.graph.nodes, startNodeId),
    environment,
    conversation,
    warnings: problems.warnings,
  };
  // A node that could not be read would make every edge and reference to it a problem of its own.
  if (hasAllNodes) {
    checkGraph(flow, problems);
    checkReferences(flow, problems);
  }
  if (problems.errors.length > 0)
    return {
      ok: false,
      problems: problems.errors,
      warnings: problems.warnings,
      partial: withoutBrokenParts(flow),
    };
  return { ok: true, flow };
};

/**
 * Reads a workflow file that Dify exported: DSL versions 0.1 to 0.6, apps of the modes `workflow` and
 * `advanced-chat`. Throws FlowFileError with every problem at once when the file cannot run here.
 */
export const parseFlow = (yamlText: string, options: ParseFlowOptions = {}): Flow => {
  const reading = readFlow(yamlText, options);
  if (!reading.ok) throw new FlowFileError(reading.problems);
  return reading.flow;
};
