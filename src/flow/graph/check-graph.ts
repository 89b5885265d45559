import type { Flow, FlowEdge, FlowNode } from "../flow.ts";
import { fileProblem, nodeProblem, type ProblemList } from "../parse/problems.ts";
import { type FlowMessage, flowMessage } from "../messages/message.ts";

/** The handles that edges may leave a node by. */
const handlesOf = (node: FlowNode): readonly string[] =>
  node.errorStrategy === "fail-branch"
    ? [...node.declaration.handles, "fail-branch"]
    : node.declaration.handles;

const checkEdge = (flow: Flow, edge: FlowEdge, problems: ProblemList): void => {
  const source = flow.nodes.get(edge.source);
  const target = flow.nodes.get(edge.target);
  if (source === undefined || target === undefined) {
    const missing = source === undefined ? edge.source : edge.target;
    const message = flowMessage("flow.graph.edge-into-nothing", {
      source: edge.source,
      target: edge.target,
      missing,
    });
    problems.errors.push(fileProblem("workflow.graph.edges", message));
    return;
  }
  const { title, id } = target;
  if (source.containerId !== target.containerId) {
    const message = flowMessage("flow.graph.edge-crosses-border", { title, id });
    problems.errors.push(nodeProblem(source, "edges", message));
  }
  if (!handlesOf(source).includes(edge.sourceHandle)) {
    const message = flowMessage("flow.graph.edge-never-taken", { title, id, handle: edge.sourceHandle });
    problems.warnings.push(nodeProblem(source, "edges", message));
  }
};

const checkStart = (flow: Flow, problems: ProblemList): void => {
  if (flow.startNodeId === "") {
    problems.errors.push(fileProblem("workflow.graph.nodes", flowMessage("flow.graph.no-start")));
  }
  for (const node of flow.nodes.values()) {
    if (node.kind !== "start" || node.id === flow.startNodeId) continue;
    problems.warnings.push(nodeProblem(node, "type", flowMessage("flow.graph.second-start")));
  }
};

/** Dify's studio allows no nesting at all; what is deeper than this is a mistake or an attack. */
const DEEPEST_NESTING = 20;

/** What is wrong with the containers around a node, from the inside out; null when nothing is, or it is theirs. */
const nestingProblem = (flow: Flow, node: FlowNode): FlowMessage | null => {
  const around = new Set<string>();
  let at = node.containerId;
  while (at !== null && !around.has(at)) {
    if (at === node.id) return flowMessage("flow.graph.inside-itself");
    if (around.size === DEEPEST_NESTING)
      return flowMessage("flow.graph.nested-too-deep", { most: DEEPEST_NESTING });
    around.add(at);
    at = flow.nodes.get(at)?.containerId ?? null;
  }
  return null;
};

const containerProblem = (flow: Flow, node: FlowNode): FlowMessage | null => {
  if (node.containerId === null) return null;
  return flow.nodes.get(node.containerId)?.role === "container"
    ? nestingProblem(flow, node)
    : flowMessage("flow.graph.container-missing", { id: node.containerId });
};

/** A flow with what is wrong in its graph left out, so that the rest can be drawn. */
export const withoutBrokenParts = (flow: Flow): Flow => ({
  ...flow,
  nodes: new Map(
    [...flow.nodes].map(([id, node]) => [
      id,
      containerProblem(flow, node) === null ? node : { ...node, containerId: null },
    ]),
  ),
  edges: flow.edges.filter(({ source, target }) => flow.nodes.has(source) && flow.nodes.has(target)),
});

const checkContainers = (flow: Flow, problems: ProblemList): void => {
  for (const node of flow.nodes.values()) {
    const inside = node.declaration.inside;
    if (inside !== undefined && flow.nodes.get(inside.startNodeId)?.containerId !== node.id) {
      const message = flowMessage("flow.graph.start-outside", { id: inside.startNodeId });
      problems.errors.push(nodeProblem(node, "start_node_id", message));
    }
    const problem = containerProblem(flow, node);
    if (problem !== null) problems.errors.push(nodeProblem(node, "parentId", problem));
  }
};

/** The nodes that an edge leads to, by node. */
const targetsBySource = (edges: readonly FlowEdge[]): ReadonlyMap<string, readonly string[]> =>
  Map.groupBy(edges, (edge) => edge.source)
    .entries()
    .map(([source, group]) => [source, group.map((edge) => edge.target)] as const)
    .reduce((map, [source, targets]) => map.set(source, targets), new Map<string, readonly string[]>());

const reachableFrom = (
  roots: readonly string[],
  targets: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> => {
  const reached = new Set<string>(roots);
  // Sets iterate over what is added meanwhile.
  for (const id of reached) for (const target of targets.get(id) ?? []) reached.add(target);
  return reached;
};

/** The nodes that are left when nodes without incoming edges are taken away again and again. */
const nodesInCycles = (flow: Flow, targets: ReadonlyMap<string, readonly string[]>): readonly FlowNode[] => {
  const incoming = new Map([...flow.nodes.keys()].map((id) => [id, 0]));
  for (const { target } of flow.edges) incoming.set(target, (incoming.get(target) ?? 0) + 1);
  const free = [...flow.nodes.keys()].filter((id) => incoming.get(id) === 0);
  // Arrays iterate over what is pushed meanwhile.
  for (const id of free) {
    for (const target of targets.get(id) ?? []) {
      const left = (incoming.get(target) ?? 0) - 1;
      incoming.set(target, left);
      if (left === 0) free.push(target);
    }
  }
  const gone = new Set(free);
  const left = [...flow.nodes.values()].filter(({ id }) => !gone.has(id));
  return left.filter(({ id }) => (targets.get(id) ?? []).some((target) => !gone.has(target)));
};

/** The most nodes of a circle that a message names. */
const MOST_NAMED = 20;

const checkReach = (flow: Flow, problems: ProblemList): void => {
  const targets = targetsBySource(flow.edges);
  const cycle = nodesInCycles(flow, targets);
  const [first] = cycle;
  if (first !== undefined) {
    const nodes = cycle.slice(0, MOST_NAMED).map((node) => node.id);
    const more = cycle.length - nodes.length;
    problems.errors.push(nodeProblem(first, "edges", flowMessage("flow.graph.circle", { nodes, more })));
    return;
  }
  const roots = [
    flow.startNodeId,
    ...[...flow.nodes.values()].flatMap((node) => node.declaration.inside?.startNodeId ?? []),
  ];
  const reached = reachableFrom(roots, targets);
  for (const node of flow.nodes.values()) {
    if (reached.has(node.id)) continue;
    const blocked = (targets.get(node.id) ?? []).filter((target) => reached.has(target));
    problems.warnings.push(nodeProblem(node, "edges", flowMessage("flow.graph.unreached")));
    for (const id of blocked) {
      const target = flow.nodes.get(id) ?? node;
      const message = flowMessage("flow.graph.waits-forever", { title: node.title, id: node.id });
      problems.warnings.push(nodeProblem(target, "edges", message));
    }
  }
};

/**
 * Checks the shape of a flow's graph. Edges into nothing, circles, a missing start and broken containers
 * are errors; nodes that nothing leads to and handles that are never taken are warnings, since Dify
 * runs such files and passes over them.
 */
export const checkGraph = (flow: Flow, problems: ProblemList): void => {
  checkStart(flow, problems);
  checkContainers(flow, problems);
  for (const edge of flow.edges) checkEdge(flow, edge, problems);
  if (problems.errors.length === 0) checkReach(flow, problems);
};
