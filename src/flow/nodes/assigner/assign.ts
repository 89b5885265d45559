import { Json, parseJson } from "../../../base/json.ts";
import { NodeError } from "../../node-error.ts";
import { type Pool, type PoolWrite, readPool, type Selector, writePool } from "../../pool.ts";
import { pythonStr } from "../../value-text.ts";
import {
  exactVariable,
  exactOf,
  isJsonArray,
  type ValueType,
  type Variable,
  variableAs,
  variableOf,
} from "../../value-type.ts";
import { SelectorPath, showSelector } from "../selector-path.ts";
import { isInputSupported, isOperationSupported, isValueless, isValueValid, zeroValue } from "./rules.ts";
import type { AssignerData, AssignmentItem } from "./schema.ts";

const target = (selector: Selector): readonly [string, string] => {
  const [nodeId, name, ...rest] = selector;
  if (nodeId === undefined || name === undefined || rest.length > 0) {
    throw new NodeError(`Variable ${showSelector(selector)} not found`);
  }
  return [nodeId, name];
};

const listOf = (value: Json): readonly Json[] => (isJsonArray(value) ? value : []);

/** Python's arithmetic: a division or a float on either side makes a float, whole or not. */
const calculate = (variable: Variable, operation: "+=" | "-=" | "*=" | "/=", income: Variable): Variable => {
  const left = Number(variable.value);
  const right = Number(income.value);
  const results = { "+=": left + right, "-=": left - right, "*=": left * right, "/=": left / right };
  const type =
    operation === "/=" || variable.type === "float" || income.type === "float" ? "float" : "integer";
  return variableAs(type, results[operation]);
};

const isNumberType = (type: ValueType): boolean => type === "integer" || type === "float";

const operate = (variable: Variable, operation: AssignmentItem["operation"], income: Variable): Variable => {
  const { type } = variable;
  const { value } = income;
  const exact = exactOf(income);
  const list = listOf(variable.value);
  switch (operation) {
    case "over-write":
    case "set":
      // A number prints as what was written, not as what was there before.
      return exactVariable(exact, isNumberType(type) && isNumberType(income.type) ? income.type : type);
    case "clear":
      return variableAs(type, zeroValue(type));
    case "append":
      return variableAs(type, [...list, value]);
    case "extend":
      return variableAs(type, [...list, ...listOf(value)]);
    case "remove-first":
      return variableAs(type, list.slice(1));
    case "remove-last":
      return variableAs(type, list.slice(0, -1));
    case "+=":
    case "-=":
    case "*=":
    case "/=":
      return calculate(variable, operation, income);
    default:
      return operation satisfies never;
  }
};

/** The value of an item, or undefined when its variable is null, which leaves the target alone. */
const inputOf = (item: AssignmentItem, variable: Variable, pool: Pool): Variable | undefined => {
  let income = exactVariable(item.exact ?? item.value);
  const { value } = item;
  if (item.input_type === "variable" && !isValueless(item.operation) && value !== null) {
    const selector = SelectorPath.safeParse(value);
    const source = selector.success ? readPool(pool, selector.data) : undefined;
    if (source === undefined) {
      throw new NodeError(
        `Variable ${selector.success ? showSelector(selector.data) : pythonStr(value)} not found`,
      );
    }
    if (source.type === "none") return undefined;
    income = source;
  }
  if (item.operation !== "set" || variable.type !== "object" || typeof income.value !== "string")
    return income;
  const parsed = Json.safeParse(parseJson(income.value));
  if (!parsed.success) throw new NodeError(`Invalid input value ${income.value}`);
  return variableOf(parsed.data);
};

const applyItem = (item: AssignmentItem, pool: Pool): PoolWrite | undefined => {
  const selector = target(item.variable_selector);
  const variable = readPool(pool, selector);
  if (variable === undefined) throw new NodeError(`Variable ${showSelector(selector)} not found`);
  const { operation, input_type: source } = item;
  if (!isOperationSupported(variable.type, operation)) {
    throw new NodeError(`Operation ${operation} is not supported for type ${variable.type}`);
  }
  if (!isInputSupported(variable.type, operation, source)) {
    throw new NodeError(`Input type ${source} is not supported for operation ${operation}`);
  }
  const income = inputOf(item, variable, pool);
  if (income === undefined) return undefined;
  if (!isValueValid(variable.type, operation, income.value)) {
    throw new NodeError(`Invalid input value ${pythonStr(income.value)}`);
  }
  return { selector, variable: operate(variable, operation, income) };
};

/** The writes of the second version; an item sees what the items before it wrote. */
export const assignItems = (items: readonly AssignmentItem[], pool: Pool): readonly PoolWrite[] => {
  const writes = new Map<string, PoolWrite>();
  let working = pool;
  for (const item of items) {
    const write = applyItem(item, working);
    if (write === undefined) continue;
    working = writePool(working, [write]);
    writes.set(JSON.stringify(write.selector), write);
  }
  return [...writes.values()];
};

/** The write of the first version, and the value that came in. */
export const assignOne = (
  data: Extract<AssignerData, { kind: "first" }>,
  pool: Pool,
): { readonly write: PoolWrite; readonly value: Json } => {
  const selector = target(data.assigned_variable_selector);
  const variable = readPool(pool, selector);
  if (variable === undefined) throw new NodeError("assigned variable not found");
  if (data.write_mode === "clear") {
    const zero = zeroValue(variable.type);
    return { write: { selector, variable: variableAs(variable.type, zero) }, value: zero };
  }
  const income = readPool(pool, data.input_variable_selector);
  if (income === undefined) throw new NodeError("input value not found");
  if (data.write_mode === "append" && !isJsonArray(variable.value)) {
    throw new NodeError("append mode requires an array variable");
  }
  const updated = data.write_mode === "append" ? [...listOf(variable.value), income.value] : income.value;
  return { write: { selector, variable: variableAs(variable.type, updated) }, value: income.value };
};
