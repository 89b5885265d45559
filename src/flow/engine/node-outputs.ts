import type { JsonObject } from "../../base/json.ts";
import type { ErrorStrategy, FlowNode } from "../flow.ts";
import type { NodeOutcome } from "../node.ts";
import { type Pool, writePool, writesOf } from "../pool.ts";
import { plainValues } from "../value-text.ts";
import { exactVariable, typeOfValue, type Variable, variableAs, variableOf } from "../value-type.ts";
import { ownValue } from "../own-value.ts";
import { englishOf } from "../messages/message.ts";

/** The variables that a node put out. */
export const outcomeVariables = (
  outcome: Extract<NodeOutcome, { ok: true }>,
): Readonly<Record<string, Variable>> =>
  Object.fromEntries(
    Object.entries(outcome.outputs).map(([name, value]) => {
      const type = ownValue(outcome.types, name) ?? typeOfValue(value);
      const exact = ownValue(outcome.exact, name);
      return [name, exact === undefined ? variableAs(type, value) : exactVariable(exact, type)];
    }),
  );

/** The pool after a node succeeded: its outputs under its id, and what it wrote elsewhere. */
export const applySuccess = (
  pool: Pool,
  node: FlowNode,
  outcome: Extract<NodeOutcome, { ok: true }>,
  outputs: Readonly<Record<string, Variable>>,
): Pool => writePool(writePool(pool, outcome.writes ?? []), writesOf(node.id, outputs));

/** What a caught failure puts out: the reason, and under `default-value` the values that stand in. */
export const caughtOutputs = (
  node: FlowNode,
  strategy: Exclude<ErrorStrategy, null>,
  { errorType, message }: Extract<NodeOutcome, { ok: false }>,
): Readonly<Record<string, Variable>> => ({
  ...(strategy === "default-value" ? node.defaultValues : {}),
  error_message: variableOf(englishOf(message)),
  error_type: variableOf(errorType),
});

/** The pool after a failure was caught. */
export const applyCaught = (pool: Pool, node: FlowNode, outputs: Readonly<Record<string, Variable>>): Pool =>
  writePool(pool, writesOf(node.id, outputs));

/** Outputs as events show them. */
export const shownOutputs = (outputs: Readonly<Record<string, Variable>>): JsonObject => plainValues(outputs);
