import type { Json } from "../../../base/json.ts";
import { type Exact, type ExactNumber, isExactArray, isExactNumber, parseExact } from "../../exact.ts";
import { NodeError } from "../../node-error.ts";
import { type Pool, type PoolWrite, readPool, type Selector, writePool } from "../../pool.ts";
import { calculate } from "../../python-number.ts";
import { pythonStr } from "../../value-text.ts";
import {
  exactVariable,
  exactOf,
  isJsonArray,
  type ValueType,
  type Variable,
  variableAs,
} from "../../value-type.ts";
import { SelectorPath, showSelector } from "../selector-path.ts";
import { isInputSupported, isOperationSupported, isValueless, isValueValid, zeroValue } from "./rules.ts";
import type { AssignerData, AssignmentItem } from "./schema.ts";
import { flowMessage } from "../../messages/message.ts";

const missing = (variable: Selector | string): NodeError =>
  new NodeError(
    flowMessage("flow.node.variable-missing", {
      variable: typeof variable === "string" ? variable : showSelector(variable),
    }),
  );

const invalid = (value: string): NodeError =>
  new NodeError(flowMessage("flow.assigner.value-invalid", { value }));

const target = (selector: Selector): readonly [string, string] => {
  const [nodeId, name, ...rest] = selector;
  if (nodeId === undefined || name === undefined || rest.length > 0) {
    throw missing(selector);
  }
  return [nodeId, name];
};

const listOf = (value: Exact): readonly Exact[] => (isExactArray(value) ? value : []);

const numberOf = (variable: Variable): ExactNumber => {
  const value = exactOf(variable);
  if (typeof value === "boolean") return Number(value);
  if (!isExactNumber(value)) throw invalid(pythonStr(value));
  return value;
};

const isNumberType = (type: ValueType): boolean => type === "integer" || type === "float";

/** A variable keeps its type, but a number prints as what was written, not as what was there before. */
const typeAfter = (type: ValueType, income: ValueType): ValueType =>
  isNumberType(type) && isNumberType(income) ? income : type;

const operate = (variable: Variable, operation: AssignmentItem["operation"], income: Variable): Variable => {
  const { type } = variable;
  const exact = exactOf(income);
  const list = listOf(exactOf(variable));
  switch (operation) {
    case "over-write":
    case "set":
      return exactVariable(exact, typeAfter(type, income.type));
    case "clear":
      return variableAs(type, zeroValue(type));
    case "append":
      return exactVariable([...list, exact], type);
    case "extend":
      return exactVariable([...list, ...listOf(exact)], type);
    case "remove-first":
      return exactVariable(list.slice(1), type);
    case "remove-last":
      return exactVariable(list.slice(0, -1), type);
    case "+=":
      return exactVariable(calculate(numberOf(variable), "+", numberOf(income)));
    case "-=":
      return exactVariable(calculate(numberOf(variable), "-", numberOf(income)));
    case "*=":
      return exactVariable(calculate(numberOf(variable), "*", numberOf(income)));
    case "/=":
      return exactVariable(calculate(numberOf(variable), "/", numberOf(income)));
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
      throw missing(selector.success ? selector.data : pythonStr(value));
    }
    if (source.type === "none") return undefined;
    income = source;
  }
  if (item.operation !== "set" || variable.type !== "object" || typeof income.value !== "string")
    return income;
  try {
    return exactVariable(parseExact(income.value));
  } catch {
    throw invalid(income.value);
  }
};

const applyItem = (item: AssignmentItem, pool: Pool): PoolWrite | undefined => {
  const selector = target(item.variable_selector);
  const variable = readPool(pool, selector);
  if (variable === undefined) throw missing(selector);
  const { operation, input_type: source } = item;
  if (!isOperationSupported(variable.type, operation)) {
    throw new NodeError(flowMessage("flow.assigner.operation", { operation, type: variable.type }));
  }
  if (!isInputSupported(variable.type, operation, source)) {
    throw new NodeError(flowMessage("flow.assigner.input-type", { type: source, operation }));
  }
  const income = inputOf(item, variable, pool);
  if (income === undefined) return undefined;
  if (!isValueValid(variable.type, operation, income.value)) {
    throw invalid(pythonStr(income.value));
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
  if (variable === undefined) throw new NodeError(flowMessage("flow.assigner.target-missing"));
  if (data.write_mode === "clear") {
    const zero = zeroValue(variable.type);
    return { write: { selector, variable: variableAs(variable.type, zero) }, value: zero };
  }
  const income = readPool(pool, data.input_variable_selector);
  if (income === undefined) throw new NodeError(flowMessage("flow.assigner.input-missing"));
  if (data.write_mode === "append" && !isJsonArray(variable.value)) {
    throw new NodeError(flowMessage("flow.assigner.append-needs-list"));
  }
  const exact = exactOf(income);
  const written =
    data.write_mode === "append"
      ? exactVariable([...listOf(exactOf(variable)), exact], variable.type)
      : exactVariable(exact, typeAfter(variable.type, income.type));
  return { write: { selector, variable: written }, value: income.value };
};
