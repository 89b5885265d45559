import type { JsonObject } from "../../../base/json.ts";
import { evaluateConditions, readsOfConditions } from "../../conditions/evaluate.ts";
import {
  defineNodeKind,
  type NodeContext,
  nodeFailure,
  type NodeOutcome,
  PLAIN_DECLARATION,
} from "../../node.ts";
import { NodeError } from "../../node-error.ts";
import { dropNodes, type Pool, poolChanges, readPool, writePool, writesOf } from "../../pool.ts";
import { plainValues } from "../../value-text.ts";
import { outputsOf, type Variable, variableOf } from "../../value-type.ts";
import { SelectorPath } from "../selector-path.ts";
import { initialLoopVariable } from "./loop-variables.ts";
import { LoopData } from "./schema.ts";
import type { FailureCause } from "../../ports.ts";
import { type FlowMessage, flowMessage } from "../../messages/message.ts";

const isBreak = (data: LoopData, pool: Pool): boolean =>
  data.break_conditions.length > 0 &&
  evaluateConditions(pool, data.break_conditions, data.logical_operator).holds;

/** Before the first round a condition on something that the loop has yet to make is no failure. */
const isBreakAtStart = (data: LoopData, pool: Pool): boolean => {
  try {
    return isBreak(data, pool);
  } catch (error) {
    if (error instanceof NodeError) return false;
    throw error;
  }
};

const currentValues = (data: LoopData, nodeId: string, pool: Pool): Readonly<Record<string, Variable>> =>
  Object.fromEntries(
    data.loop_variables.map(({ label }) => {
      const variable = readPool(pool, [nodeId, label]);
      if (variable === undefined) throw new NodeError(flowMessage("flow.loop.variable-missing", { label }));
      return [label, variable];
    }),
  );

type Progress = {
  readonly pool: Pool;
  readonly outputs: Readonly<Record<string, Variable>>;
  readonly error: FlowMessage | null;
  readonly cause?: FailureCause | undefined;
};

const runRounds = async (data: LoopData, context: NodeContext, start: Pool): Promise<Progress> => {
  const { frames, nodeId } = context;
  let progress: Progress = { pool: start, outputs: {}, error: null };
  if (isBreakAtStart(data, start)) return progress;
  for (let index = 0; index < data.loop_count; index += 1) {
    const pool = dropNodes(progress.pool, frames.childIds);
    const frame = await frames.run({ startNodeId: data.start_node_id, index, pool });
    if (frame.error !== null)
      return { ...progress, pool: frame.pool, error: frame.error, cause: frame.cause };
    const values = currentValues(data, nodeId, frame.pool);
    frames.respond(frame.outputs);
    progress = {
      pool: frame.pool,
      outputs: { ...progress.outputs, ...values, loop_round: variableOf(index + 1) },
      error: null,
    };
    if (frame.reachedLoopEnd || isBreak(data, frame.pool)) break;
  }
  return progress;
};

const loop = async (data: LoopData, context: NodeContext): Promise<NodeOutcome> => {
  const { nodeId, pool, frames } = context;
  const initial = Object.fromEntries(
    data.loop_variables.map((variable) => [variable.label, initialLoopVariable(variable, pool)]),
  );
  const inputs: JsonObject = { loop_count: data.loop_count, ...plainValues(initial) };
  frames.started(data.loop_count);
  try {
    const end = await runRounds(data, context, writePool(pool, writesOf(nodeId, initial)));
    if (end.error !== null) return nodeFailure("", end.error, { inputs, cause: end.cause });
    return { ok: true, inputs, ...outputsOf(end.outputs), writes: poolChanges(pool, end.pool) };
  } catch (error) {
    if (error instanceof NodeError) return nodeFailure("", error.what, { inputs });
    throw error;
  }
};

/** Runs its children over and over on the one pool of the run, until a condition or the count ends it. */
export const loopKind = defineNodeKind({
  type: "loop",
  role: "container",
  schema: LoopData,
  declare: (data) => {
    const labels = data.loop_variables.map(({ label }) => [label, "any" as const] as const);
    return {
      ...PLAIN_DECLARATION,
      outputs: { ...Object.fromEntries(labels), loop_round: "integer" as const },
      inside: { startNodeId: data.start_node_id, variables: Object.fromEntries(labels) },
      reads: [
        ...readsOfConditions("break_conditions", data.break_conditions).map((read) => ({
          ...read,
          needed: false,
        })),
        ...data.loop_variables.flatMap(({ label, value, value_type }) => {
          const selector = SelectorPath.safeParse(value);
          return value_type === "variable" && selector.success
            ? [{ selector: selector.data, field: `loop_variables.${label}`, needed: true }]
            : [];
        }),
      ],
    };
  },
  execute: loop,
});
