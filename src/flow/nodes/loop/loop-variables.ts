import { type Exact, isExactArray, parseExact } from "../../exact.ts";
import { NodeError } from "../../node-error.ts";
import { type Pool, readPool } from "../../pool.ts";
import { pythonStr } from "../../value-text.ts";
import { exactVariable, isArrayType, type ValueType, type Variable } from "../../value-type.ts";
import { SelectorPath } from "../selector-path.ts";
import type { LoopVariable } from "./schema.ts";
import { flowMessage } from "../../messages/message.ts";

type StatedType = LoopVariable["var_type"];

const runtimeType = (stated: StatedType, value: Exact): ValueType | undefined => {
  const inferred = exactVariable(value).type;
  if (stated === "number") return inferred === "integer" || inferred === "float" ? inferred : undefined;
  if (isArrayType(inferred) && isExactArray(value) && value.length === 0 && stated.startsWith("array["))
    return stated;
  return inferred === stated ? stated : undefined;
};

const parseText = (text: string): Exact | undefined => {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
};

const parseConstant = (text: string): Exact => {
  const parsed = parseText(text);
  if (parsed === undefined) throw new NodeError(flowMessage("flow.loop.not-json", { text }));
  return parsed;
};

/** Lists come as JSON text; one that is neither that nor a text becomes the empty list, as in Dify. */
const readConstant = (stated: StatedType, value: Exact): Exact => {
  if (!stated.startsWith("array[") || stated === "array[boolean]") return value;
  return typeof value === "string" && value !== "" ? parseConstant(value) : [];
};

const constantOf = (variable: LoopVariable): Variable => {
  const { var_type: stated } = variable;
  const original = variable.exact ?? variable.value;
  const first = readConstant(stated, original);
  const type = runtimeType(stated, first);
  if (type !== undefined) return exactVariable(first, type);
  const parsed = typeof original === "string" ? parseText(original) : undefined;
  const parsedType = parsed === undefined ? undefined : runtimeType(stated, parsed);
  if (parsed !== undefined && parsedType !== undefined) return exactVariable(parsed, parsedType);
  throw new NodeError(
    flowMessage("flow.loop.type", {
      expected: stated,
      actual: exactVariable(first).type,
      value: pythonStr(first),
    }),
  );
};

/** The first value of a loop variable. Throws NodeError when there is none or it has another type. */
export const initialLoopVariable = (variable: LoopVariable, pool: Pool): Variable => {
  if (variable.value_type === "constant") return constantOf(variable);
  const selector = SelectorPath.safeParse(variable.value);
  const found = selector.success ? readPool(pool, selector.data) : undefined;
  if (found === undefined)
    throw new NodeError(flowMessage("flow.loop.variable-invalid", { label: variable.label }));
  return found;
};
