import type { Json } from "../../../base/json.ts";
import { type Exact, isExactArray, isExactNumber, magnitudeOf, plainOf } from "../../exact.ts";
import { defineNodeKind, nodeFailure, type NodeOutcome, PLAIN_DECLARATION } from "../../node.ts";
import { NodeError } from "../../node-error.ts";
import { type Pool, readPool, resolveText } from "../../pool.ts";
import { requirePythonInteger } from "../../python-number.ts";
import { isTruthy } from "../../value-text.ts";
import {
  exactOf,
  exactVariable,
  isArrayType,
  isJsonArray,
  outputsOf,
  type ValueType,
} from "../../value-type.ts";
import { readsOfText, showSelector } from "../selector-path.ts";
import { fileKey, filterTest, isFileKey } from "./filters.ts";
import { ListOperatorData } from "./schema.ts";
import { flowMessage } from "../../messages/message.ts";

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

const numberOf = (value: Exact): number | bigint =>
  isExactNumber(value) ? magnitudeOf(value) : Number(value);

const compareKeys = (left: Exact, right: Exact): number => {
  if (typeof left === "string" && typeof right === "string") return compareTexts(left, right);
  const [one, other] = [numberOf(left), numberOf(right)];
  return one < other ? -1 : Number(one > other);
};

const order = (
  items: readonly Exact[],
  type: ValueType,
  by: ListOperatorData["order_by"],
): readonly Exact[] => {
  if (type === "array[file]" && !isFileKey(by.key))
    throw new NodeError(flowMessage("flow.list.order-key", { key: by.key }));
  const keyOf = (item: Exact): Exact => (type === "array[file]" ? fileKey(plainOf(item), by.key) : item);
  const sign = by.value === "desc" ? -1 : 1;
  return items.toSorted((left, right) => sign * compareKeys(keyOf(left), keyOf(right)));
};

const extract = (items: readonly Exact[], serial: string, pool: Pool): readonly Exact[] => {
  const position = requirePythonInteger(resolveText(pool, serial));
  const index = String(position);
  if (position < 1) throw new NodeError(flowMessage("flow.list.index-too-small", { index }));
  if (position > items.length) {
    throw new NodeError(flowMessage("flow.list.index-too-large", { most: items.length, index }));
  }
  return items.slice(Number(position) - 1, Number(position));
};

const operate = (
  data: ListOperatorData,
  items: readonly Exact[],
  type: ValueType,
  pool: Pool,
): readonly Exact[] => {
  let list = items;
  if (data.filter_by.enabled) {
    for (const condition of data.filter_by.conditions) {
      const test = filterTest(type, condition, pool);
      list = list.filter(test);
    }
  }
  if (data.extract_by?.enabled === true) list = extract(list, data.extract_by.serial, pool);
  if (data.order_by.enabled) list = order(list, type, data.order_by);
  return data.limit.enabled ? list.slice(0, data.limit.size) : list;
};

const succeed = (before: readonly Json[], items: readonly Exact[], type: ValueType): NodeOutcome => {
  const variables = {
    result: exactVariable(items, type),
    first_record: exactVariable(items[0] ?? null),
    last_record: exactVariable(items.at(-1) ?? null),
  };
  return { ok: true, inputs: { variable: before }, ...outputsOf(variables) };
};

const run = (data: ListOperatorData, pool: Pool): NodeOutcome => {
  const selector = showSelector(data.variable);
  const variable = readPool(pool, data.variable);
  if (variable === undefined) {
    return nodeFailure("", flowMessage("flow.list.variable-missing", { selector }));
  }
  const { type, value } = variable;
  if (!isTruthy(value)) return succeed([], [], isArrayType(type) ? type : "array[any]");
  if (!SUPPORTED.has(type) || !isJsonArray(value)) {
    return nodeFailure("", flowMessage("flow.list.not-a-list", { selector, type }));
  }
  try {
    const exact = exactOf(variable);
    return succeed(value, operate(data, isExactArray(exact) ? exact : [], type, pool), type);
  } catch (error) {
    if (error instanceof NodeError) return nodeFailure("", error.what, { inputs: { variable: value } });
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
