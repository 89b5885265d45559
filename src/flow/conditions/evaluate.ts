import type { Json, JsonObject } from "../../base/json.ts";
import type { VariableUse } from "../node.ts";
import { NodeError } from "../node-error.ts";
import { readsOfText, showSelector } from "../nodes/selector-path.ts";
import { type Pool, readPool, resolveText } from "../pool.ts";
import { exactOf, isJsonArray, isJsonObject, type Variable, variableOf } from "../value-type.ts";
import { compareValues, toPythonBool } from "./compare.ts";
import type { Condition, LogicalOperator, SubCondition } from "./schema.ts";
import { flowMessage } from "../messages/message.ts";

/** What a group of conditions came to, and the comparisons that were made, for the node's event. */
export type ConditionResult = { readonly holds: boolean; readonly inputs: readonly JsonObject[] };

const FILE_OPERATORS: ReadonlySet<string> = new Set(["contains", "not contains", "all of"]);

const expectedOf = (variable: Variable, pool: Pool, value: Condition["value"]): Json => {
  const expected: Json = typeof value === "string" ? resolveText(pool, value) : value;
  if (expected === null) return null;
  if (variable.type !== "boolean" && variable.type !== "array[boolean]") return expected;
  return isJsonArray(expected) ? expected.map(toPythonBool) : toPythonBool(expected);
};

const withDot = (value: Json): Json =>
  typeof value === "string" && value !== "" && !value.startsWith(".") ? `.${value}` : value;

const fileAttribute = (file: Json, key: string): Json =>
  readPool(new Map([["f", new Map([["f", variableOf(file)]])]]), ["f", "f", key])?.value ?? null;

const holdsForFiles = (files: readonly Json[], condition: SubCondition): boolean => {
  const isExtension = condition.key === "extension";
  if (isExtension && typeof condition.value !== "string") {
    throw new NodeError(flowMessage("flow.condition.extension-not-text"));
  }
  const expected = isExtension ? withDot(condition.value) : condition.value;
  const results = files.map((file) => {
    const value = fileAttribute(file, condition.key);
    return compareValues(condition.comparison_operator, isExtension ? withDot(value) : value, expected);
  });
  return condition.comparison_operator.includes("not") ? results.every(Boolean) : results.some(Boolean);
};

const holdsForFileList = (value: Json, condition: Condition): boolean => {
  const sub = condition.sub_variable_condition;
  if (sub === null || sub === undefined) throw new NodeError(flowMessage("flow.condition.no-sub-variable"));
  const files = isJsonArray(value) ? value.filter(isJsonObject) : [];
  const results = sub.conditions.map((one) => holdsForFiles(files, one));
  return sub.logical_operator === "and" ? results.every(Boolean) : results.some(Boolean);
};

const evaluateOne = (pool: Pool, condition: Condition, inputs: JsonObject[]): boolean => {
  const variable = readPool(pool, condition.variable_selector);
  if (variable === undefined) {
    const variableName = showSelector(condition.variable_selector);
    throw new NodeError(flowMessage("flow.node.variable-missing", { variable: variableName }));
  }
  const operator = condition.comparison_operator;
  if (variable.type === "array[file]" && FILE_OPERATORS.has(operator)) {
    return holdsForFileList(variable.value, condition);
  }
  if (operator === "exists" || operator === "not exists")
    return compareValues(operator, exactOf(variable), null);
  const expected = expectedOf(variable, pool, condition.value);
  inputs.push({ actual_value: variable.value, expected_value: expected, comparison_operator: operator });
  return compareValues(operator, exactOf(variable), expected);
};

/**
 * Whether a group of conditions holds. Stops at the first one that settles it; no conditions at all
 * hold under `and`, not under `or`. A variable that is not there fails the node (NodeError).
 */
export const evaluateConditions = (
  pool: Pool,
  conditions: readonly Condition[],
  operator: LogicalOperator,
): ConditionResult => {
  const inputs: JsonObject[] = [];
  for (const condition of conditions) {
    const holds = evaluateOne(pool, condition, inputs);
    if (holds !== (operator === "and")) return { holds, inputs };
  }
  return { holds: operator === "and", inputs };
};

/** What a group of conditions reads. */
export const readsOfConditions = (field: string, conditions: readonly Condition[]): readonly VariableUse[] =>
  conditions.flatMap((condition) => [
    { selector: condition.variable_selector, field, needed: true },
    ...(typeof condition.value === "string" ? readsOfText(field, condition.value) : []),
  ]);
