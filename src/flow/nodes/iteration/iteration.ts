import { type Exact, isExactArray, plainOf } from "../../exact.ts";
import {
  defineNodeKind,
  type NodeContext,
  NODE_ERROR,
  nodeFailure,
  type NodeOutcome,
  PLAIN_DECLARATION,
} from "../../node.ts";
import { readPool, writePool } from "../../pool.ts";
import { textOfVariable } from "../../value-text.ts";
import {
  exactOf,
  exactOutputs,
  exactVariable,
  isArrayType,
  isJsonArray,
  type Variable,
  variableOf,
} from "../../value-type.ts";
import { showSelector } from "../selector-path.ts";
import { collectRounds, flattenResults, type Round } from "./collect.ts";
import { IterationData } from "./schema.ts";
import { flowMessage } from "../../messages/message.ts";

const runRound = async (
  data: IterationData,
  context: NodeContext,
  items: readonly Exact[],
  index: number,
): Promise<Round> => {
  const { nodeId, frames, pool } = context;
  const own = writePool(pool, [
    { selector: [nodeId, "index"], variable: variableOf(index) },
    { selector: [nodeId, "item"], variable: exactVariable(items[index] ?? null) },
  ]);
  const frame = await frames.run({ startNodeId: data.start_node_id, index, pool: own });
  if (frame.error !== null) return { ok: false, error: frame.error, cause: frame.cause };
  if (index === items.length - 1) frames.respond(frame.outputs);
  const variable = readPool(frame.pool, data.output_selector);
  return { ok: true, value: variable === undefined ? null : exactOf(variable) };
};

/**
 * Runs the rounds, at most `parallel_nums` side by side. Under `terminated` no round starts after a
 * failure; those under way are waited for, as Dify does.
 */
const runRounds = async (
  data: IterationData,
  context: NodeContext,
  items: readonly Exact[],
): Promise<NodeOutcome> => {
  const rounds: (Round | undefined)[] = items.map(() => undefined);
  let next = 0;
  let failure: Extract<Round, { ok: false }> | null = null;
  const work = async (): Promise<void> => {
    while (next < items.length && failure === null) {
      const index = next;
      next += 1;
      const round = await runRound(data, context, items, index);
      rounds[index] = round;
      if (!round.ok && data.error_handle_mode === "terminated") failure ??= round;
    }
  };
  const width = data.is_parallel ? Math.min(data.parallel_nums, items.length) : 1;
  await Promise.all(Array.from({ length: width }, work));
  const results = collectRounds(rounds, data.error_handle_mode);
  const inputs = { iterator_selector: items.map(plainOf) };
  const values = exactOutputs({ output: data.flatten_output ? flattenResults(results) : results });
  if (failure !== null) {
    const { error, cause } = failure;
    return nodeFailure("", error, { inputs, outputs: values.outputs, cause });
  }
  return { ok: true, inputs, ...values };
};

const emptyOutcome = (variable: Variable): NodeOutcome => ({
  ok: true,
  inputs: { iterator_selector: [] },
  outputs: { output: [] },
  types: { output: isArrayType(variable.type) ? variable.type : "array[any]" },
});

const iterate = async (data: IterationData, context: NodeContext): Promise<NodeOutcome> => {
  const variable = readPool(context.pool, data.iterator_selector);
  if (variable === undefined) {
    const variableName = showSelector(data.iterator_selector);
    const message = flowMessage("flow.iteration.list-missing", { variable: variableName });
    return nodeFailure(NODE_ERROR, message);
  }
  const { value } = variable;
  if (value !== null && !isJsonArray(value)) {
    const message = flowMessage("flow.iteration.not-a-list", { value: textOfVariable(variable) });
    return nodeFailure(NODE_ERROR, message);
  }
  const exact = exactOf(variable);
  const items = isExactArray(exact) ? exact : [];
  context.frames.started(items.length);
  return items.length === 0 ? emptyOutcome(variable) : runRounds(data, context, items);
};

/** Runs its children once for each item of a list, each round on a pool of its own. */
export const iterationKind = defineNodeKind({
  type: "iteration",
  role: "container",
  schema: IterationData,
  declare: (data) => ({
    ...PLAIN_DECLARATION,
    outputs: { output: "any" },
    reads: [
      { selector: data.iterator_selector, field: "iterator_selector", needed: true },
      { selector: data.output_selector, field: "output_selector", needed: false },
    ],
    inside: { startNodeId: data.start_node_id, variables: { item: "any", index: "integer" } },
  }),
  execute: iterate,
});
