/** Workflow files that work without any port, so that what they take is the engine's own. */

const TEXTS = Array.from({ length: 100 }, (_, index) => `item ${index}`);

type Entry = {
  readonly id: string;
  readonly parentId?: string;
  readonly data: Readonly<Record<string, unknown>>;
};
type Edge = { readonly source: string; readonly target: string; readonly sourceHandle?: string };

const file = (name: string, nodes: readonly Entry[], edges: readonly Edge[]): string =>
  JSON.stringify({
    version: "0.6.0",
    kind: "app",
    app: { name, mode: "workflow" },
    workflow: {
      conversation_variables: [
        { name: "list", value_type: "array[string]", value: TEXTS },
        { name: "count", value_type: "number", value: 0 },
      ],
      graph: { nodes, edges },
    },
  });

const start: Entry = {
  id: "start",
  data: {
    type: "start",
    title: "Start",
    variables: [{ variable: "text", type: "paragraph", required: true }],
  },
};

const end = (selector: readonly string[]): Entry => ({
  id: "end",
  data: { type: "end", title: "End", outputs: [{ variable: "out", value_selector: selector }] },
});

const aggregator = (id: string): Entry => ({
  id,
  data: {
    type: "variable-aggregator",
    title: id,
    variables: [
      ["nobody", "x"],
      ["start", "text"],
    ],
  },
});

/** The four kinds of the chain, by turns: choose, aggregate, assign, filter. */
const pureNode = (id: string, turn: number): Entry => {
  if (turn % 4 === 0) {
    const conditions = [
      { variable_selector: ["start", "text"], comparison_operator: "contains", value: "e" },
    ];
    const cases = [{ case_id: "true", logical_operator: "and", conditions }];
    return { id, data: { type: "if-else", title: id, cases } };
  }
  if (turn % 4 === 1) return aggregator(id);
  if (turn % 4 === 2) {
    const item = {
      variable_selector: ["conversation", "count"],
      input_type: "constant",
      operation: "+=",
      value: 1,
    };
    return { id, data: { type: "assigner", title: id, version: "2", items: [item] } };
  }
  const filter_by = { enabled: true, conditions: [{ comparison_operator: "contains", value: "7" }] };
  const more = { order_by: { enabled: true, value: "desc" }, limit: { enabled: true, size: 5 } };
  return {
    id,
    data: {
      type: "list-operator",
      title: id,
      variable: ["conversation", "list"],
      filter_by,
      ...more,
    },
  };
};

const edge = (source: string, target: string): Edge => ({ source, target });

/** The edge that leaves a node of `pureNode`. */
const leave = (source: Entry, target: string): Edge =>
  source.data["type"] === "if-else"
    ? { source: source.id, target, sourceHandle: "true" }
    : edge(source.id, target);

/** `size` nodes behind one another. */
export const chainFlow = (size: number): string => {
  const inner = Array.from({ length: size - 2 }, (_, index) => pureNode(`n${index}`, index));
  const nodes = [start, ...inner, end(["conversation", "count"])];
  return file(
    "chain",
    nodes,
    nodes.slice(1).map((node, index) => leave(nodes[index] ?? start, node.id)),
  );
};

/** `size` nodes, all but two of them side by side. */
export const wideFlow = (size: number): string => {
  const inner = Array.from({ length: size - 2 }, (_, index) => aggregator(`n${index}`));
  const edges = inner.flatMap(({ id }) => [edge("start", id), edge(id, "end")]);
  return file("wide", [start, ...inner, end(["n0", "output"])], edges);
};

/** An iteration over 100 items with two nodes inside, ten rounds side by side when parallel. */
export const iterationFlow = (isParallel: boolean): string => {
  const box: Entry = {
    id: "box",
    data: {
      type: "iteration",
      title: "box",
      start_node_id: "first",
      iterator_selector: ["conversation", "list"],
      output_selector: ["pick", "output"],
      is_parallel: isParallel,
      parallel_nums: 10,
    },
  };
  const first: Entry = { id: "first", data: { type: "iteration-start", title: "" } };
  const choose = pureNode("choose", 0);
  const pick = aggregator("pick");
  const edges = [edge("start", "box"), edge("box", "end"), edge("first", "choose"), leave(choose, "pick")];
  const inside = [first, choose, pick].map((node) => ({ ...node, parentId: "box" }));
  return file("iteration", [start, box, ...inside, end(["box", "output"])], edges);
};

/** The list that the chain filters. */
export const LIST: readonly string[] = TEXTS;
