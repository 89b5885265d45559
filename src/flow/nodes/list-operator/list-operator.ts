import type { Json } from "../../../base/json.ts";
import { type Exact, isExactArray } from "../../exact.ts";
import { defineNodeKind, nodeFailure, type NodeOutcome, PLAIN_DECLARATION } from "../../node.ts";
import { NodeError } from "../../node-error.ts";
import { type Pool, readPool, resolveText } from "../../pool.ts";
import { requirePythonInteger } from "../../python-number.ts";
import { isTruthy, plainValues } from "../../value-text.ts";
import { exactOf, exactVariable, isArrayType, isJsonArray, type ValueType } from "../../value-type.ts";
import { readsOfText, showSelector } from "../selector-path.ts";
import { fileKey, filterTest, isFileKey } from "./filters.ts";
import { ListOperatorData } from "./schema.ts";

const SUPPORTED: ReadonlySet<ValueType> = new Set([
  "array[file]",
  "array[number]",
  "array[string]",
  "array[boolean]",
]);

/** Python orders texts by code points. */
const compareTexts = (left: string, right: string): number => {
  const a = Array.from(left);
  const b = Array.from(right);
  const at = a.findIndex((character, index) => character !== b[index]);
  if (at === -1) return a.length - b.length;
  return (a[at]?.codePointAt(0) ?? 0) - (b[at]?.codePointAt(0) ?? -1);
};

const compareKeys = (left: Json, right: Json): number =>
  typeof left === "string" && typeof right === "string"
    ? compareTexts(left, right)
    : Number(left) - Number(right);

/** An item of the list, plain for tests and exact for what comes out. */
type Item = { readonly value: Json; readonly exact: Exact };

const order = (
  items: readonly Item[],
  type: ValueType,
  by: ListOperatorData["order_by"],
): readonly Item[] => {
  if (type === "array[file]" && !isFileKey(by.key)) throw new NodeError(`Invalid order key: ${by.key}`);
  const keyOf = ({ value }: Item): Json => (type === "array[file]" ? fileKey(value, by.key) : value);
  const sign = by.value === "desc" ? -1 : 1;
  return items.toSorted((left, right) => sign * compareKeys(keyOf(left), keyOf(right)));
};

const extract = (items: readonly Item[], serial: string, pool: Pool): readonly Item[] => {
  const position = requirePythonInteger(resolveText(pool, serial));
  if (position < 1) throw new NodeError(`Invalid serial index: must be >= 1, got ${position}`);
  if (position > items.length) {
    throw new NodeError(`Invalid serial index: must be <= ${items.length}, got ${position}`);
  }
  return items.slice(position - 1, position);
};

const operate = (
  data: ListOperatorData,
  items: readonly Item[],
  type: ValueType,
  pool: Pool,
): readonly Item[] => {
  let list = items;
  if (data.filter_by.enabled) {
    for (const condition of data.filter_by.conditions) {
      const test = filterTest(type, condition, pool);
      list = list.filter(({ value }) => test(value));
    }
  }
  if (data.extract_by?.enabled === true) list = extract(list, data.extract_by.serial, pool);
  if (data.order_by.enabled) list = order(list, type, data.order_by);
  return data.limit.enabled ? list.slice(0, data.limit.size) : list;
};

const succeed = (before: readonly Json[], items: readonly Item[], type: ValueType): NodeOutcome => {
  const variables = {
    result: exactVariable(
      items.map(({ exact }) => exact),
      type,
    ),
    first_record: exactVariable(items[0]?.exact ?? null),
    last_record: exactVariable(items.at(-1)?.exact ?? null),
  };
  const entries = Object.entries(variables);
  return {
    ok: true,
    inputs: { variable: before },
    outputs: plainValues(variables),
    types: Object.fromEntries(entries.map(([name, variable]) => [name, variable.type])),
    exact: Object.fromEntries(entries.map(([name, variable]) => [name, exactOf(variable)])),
  };
};

const run = (data: ListOperatorData, pool: Pool): NodeOutcome => {
  const variable = readPool(pool, data.variable);
  if (variable === undefined) {
    return nodeFailure("", `Variable not found for selector: ${showSelector(data.variable)}`);
  }
  const { type, value } = variable;
  if (!isTruthy(value)) return succeed([], [], isArrayType(type) ? type : "array[any]");
  if (!SUPPORTED.has(type) || !isJsonArray(value)) {
    return nodeFailure(
      "",
      `Variable ${showSelector(data.variable)} is not an array type, actual type: ${type}`,
    );
  }
  try {
    const exact = exactOf(variable);
    const exacts = isExactArray(exact) ? exact : [];
    const items = value.map((item, index): Item => ({ value: item, exact: exacts[index] ?? item }));
    return succeed(value, operate(data, items, type, pool), type);
  } catch (error) {
    if (error instanceof NodeError) return nodeFailure("", error.message, { inputs: { variable: value } });
    throw error;
  }
};

/** Filters, cuts and orders a list of texts, numbers, booleans or files. */
export const listOperatorKind = defineNodeKind({
  type: "list-operator",
  schema: ListOperatorData,
  declare: (data) => ({
    ...PLAIN_DECLARATION,
    outputs: { result: "any", first_record: "any", last_record: "any" },
    reads: [
      { selector: data.variable, field: "variable", needed: true },
      ...data.filter_by.conditions.flatMap(({ value }) =>
        typeof value === "string" ? readsOfText("filter_by", value) : [],
      ),
    ],
  }),
  execute: async (data, { pool }) => run(data, pool),
});
