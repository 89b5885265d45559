import { Json, parseJson } from "../../../base/json.ts";
import { NodeError } from "../../node-error.ts";
import { type Pool, readPool } from "../../pool.ts";
import { pythonStr } from "../../value-text.ts";
import {
  isArrayType,
  isJsonArray,
  typeOfValue,
  type ValueType,
  type Variable,
  variableAs,
} from "../../value-type.ts";
import { SelectorPath } from "../selector-path.ts";
import type { LoopVariable } from "./schema.ts";

type StatedType = LoopVariable["var_type"];

const runtimeType = (stated: StatedType, value: Json): ValueType | undefined => {
  const inferred = typeOfValue(value);
  if (stated === "number") return inferred === "integer" || inferred === "float" ? inferred : undefined;
  if (isArrayType(inferred) && isJsonArray(value) && value.length === 0 && stated.startsWith("array["))
    return stated;
  return inferred === stated ? stated : undefined;
};

const parseConstant = (text: string): Json => {
  const parsed = Json.safeParse(parseJson(text));
  if (!parsed.success) throw new NodeError(`Expecting value: ${text}`);
  return parsed.data;
};

/** Lists come as JSON text; one that is neither that nor a text becomes the empty list, as in Dify. */
const readConstant = (stated: StatedType, value: Json): Json => {
  if (!stated.startsWith("array[") || stated === "array[boolean]") return value;
  return typeof value === "string" && value !== "" ? parseConstant(value) : [];
};

const constantOf = (variable: LoopVariable): Variable => {
  const { var_type: stated, value: original } = variable;
  const first = readConstant(stated, original);
  const type = runtimeType(stated, first);
  if (type !== undefined) return variableAs(type, first);
  if (typeof original === "string") {
    const parsed = Json.safeParse(parseJson(original));
    const parsedType = parsed.success ? runtimeType(stated, parsed.data) : undefined;
    if (parsed.success && parsedType !== undefined) return variableAs(parsedType, parsed.data);
  }
  throw new NodeError(
    `Type mismatch: expected ${stated}, but got ${typeOfValue(first)}, value=${pythonStr(first)}`,
  );
};

/** The first value of a loop variable. Throws NodeError when there is none or it has another type. */
export const initialLoopVariable = (variable: LoopVariable, pool: Pool): Variable => {
  if (variable.value_type === "constant") return constantOf(variable);
  const selector = SelectorPath.safeParse(variable.value);
  const found = selector.success ? readPool(pool, selector.data) : undefined;
  if (found === undefined) throw new NodeError(`Invalid value for loop variable ${variable.label}`);
  return found;
};
