import type { Flow, FlowEdge, FlowNode } from "../flow.ts";
import { fileProblem, nodeProblem, type ProblemList } from "../parse/problems.ts";

/** The handles that edges may leave a node by. */
export const handlesOf = (node: FlowNode): readonly string[] =>
  node.errorStrategy === "fail-branch"
    ? [...node.declaration.handles, "fail-branch"]
    : node.declaration.handles;

const checkEdge = (flow: Flow, edge: FlowEdge, problems: ProblemList): void => {
  const source = flow.nodes.get(edge.source);
  const target = flow.nodes.get(edge.target);
  if (source === undefined || target === undefined) {
    const missing = source === undefined ? edge.source : edge.target;
    const message = `An edge from ${edge.source} to ${edge.target} needs the node ${missing}, which is not in the file.`;
    problems.errors.push(fileProblem("workflow.graph.edges", message));
    return;
  }
  if (source.containerId !== target.containerId) {
    const message = `The edge to "${target.title}" (${target.id}) crosses the border of an iteration or loop.`;
    problems.errors.push(nodeProblem(source, "edges", message));
  }
  if (!handlesOf(source).includes(edge.sourceHandle)) {
    const message = `The edge to "${target.title}" (${target.id}) leaves by "${edge.sourceHandle}", which this node never takes.`;
    problems.warnings.push(nodeProblem(source, "edges", message));
  }
};

const checkStart = (flow: Flow, problems: ProblemList): void => {
  if (flow.startNodeId === "") {
    problems.errors.push(fileProblem("workflow.graph.nodes", "The flow has no start node."));
  }
  for (const node of flow.nodes.values()) {
    if (node.kind !== "start" || node.id === flow.startNodeId) continue;
    problems.warnings.push(nodeProblem(node, "type", "This is a second start node; the first one counts."));
  }
};

const isInsideItself = (flow: Flow, node: FlowNode): boolean => {
  const around = new Set<string>();
  let at: string | null = node.containerId;
  while (at !== null && !around.has(at)) {
    around.add(at);
    at = flow.nodes.get(at)?.containerId ?? null;
  }
  return around.has(node.id);
};

const checkContainers = (flow: Flow, problems: ProblemList): void => {
  for (const node of flow.nodes.values()) {
    const inside = node.declaration.inside;
    if (inside !== undefined && flow.nodes.get(inside.startNodeId)?.containerId !== node.id) {
      const message = `Its first node ${inside.startNodeId} is not inside it.`;
      problems.errors.push(nodeProblem(node, "start_node_id", message));
    }
    if (node.containerId === null) continue;
    const container = flow.nodes.get(node.containerId);
    if (container?.role !== "container") {
      const message = `It is inside ${node.containerId}, which is no iteration or loop of this file.`;
      problems.errors.push(nodeProblem(node, "parentId", message));
    } else if (isInsideItself(flow, node)) {
      problems.errors.push(
        nodeProblem(node, "parentId", "It is inside itself, by way of its own container."),
      );
    }
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
const nodesInCycles = (flow: Flow): readonly FlowNode[] => {
  const left = new Map(flow.nodes);
  let edges = flow.edges;
  for (;;) {
    const targets = new Set(edges.map((edge) => edge.target));
    const free = [...left.keys()].filter((id) => !targets.has(id));
    if (free.length === 0) break;
    for (const id of free) left.delete(id);
    edges = edges.filter((edge) => left.has(edge.source));
  }
  const onWayBack = new Set(edges.map((edge) => edge.source));
  return [...left.values()].filter((node) => onWayBack.has(node.id));
};

const checkReach = (flow: Flow, problems: ProblemList): void => {
  const cycle = nodesInCycles(flow);
  const [first] = cycle;
  if (first !== undefined) {
    const names = cycle.map((node) => node.id).join(", ");
    problems.errors.push(
      nodeProblem(first, "edges", `The edges run in a circle (${names}); use a loop node instead.`),
    );
    return;
  }
  const roots = [
    flow.startNodeId,
    ...[...flow.nodes.values()].flatMap((node) => node.declaration.inside?.startNodeId ?? []),
  ];
  const reached = reachableFrom(roots, targetsBySource(flow.edges));
  for (const node of flow.nodes.values()) {
    if (reached.has(node.id)) continue;
    const blocked = flow.edges.filter((edge) => edge.source === node.id && reached.has(edge.target));
    problems.warnings.push(nodeProblem(node, "edges", "No edge leads here, so the node never runs."));
    for (const edge of blocked) {
      const target = flow.nodes.get(edge.target) ?? node;
      const message = `It waits for "${node.title}" (${node.id}), which never runs, so it never runs either.`;
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
