import { type Exact, type ExactObject, isExactArray, isExactNumber, isExactObject } from "../../exact.ts";
import { checkNumber, checkString, CODE_LIMITS, isPythonNumber } from "./scalar-output.ts";
import { NodeError } from "../../node-error.ts";
import { flowMessage } from "../../messages/message.ts";

/** Refuses what lies deeper than Dify allows; the result itself is at depth 1. */
export const checkDepth = (depth: number): void => {
  if (depth > CODE_LIMITS.depth) {
    throw new NodeError(flowMessage("flow.code.too-deep", { most: CODE_LIMITS.depth }), "DepthLimitError");
  }
};

const entriesOf = (value: ExactObject | readonly Exact[]): readonly (readonly [string, Exact])[] =>
  isExactArray(value)
    ? [...value.entries()].map(([index, item]) => [String(index), item])
    : Object.entries<Exact>(value);

const checkList = (items: readonly Exact[], path: string, depth: number): void => {
  const [first = null] = items;
  if (first === null) return;
  const all = (fits: (item: Exact) => boolean): boolean => items.every((item) => item === null || fits(item));
  if (isPythonNumber(first) && all(isPythonNumber)) {
    items.forEach((item, index) => {
      if (isExactNumber(item)) checkNumber(item, `${path}[${index}]`);
    });
  } else if (typeof first === "string" && all((item) => typeof item === "string")) {
    items.forEach((item, index) => {
      if (typeof item === "string") checkString(item, `${path}[${index}]`);
    });
  } else if (all(isExactObject) || all(isExactArray)) {
    items.forEach((item, index) => {
      if (isExactObject(item) || isExactArray(item)) checkUntyped(item, `${path}[${index}]`, depth + 1);
    });
  } else {
    throw new NodeError(flowMessage("flow.code.list-mixed", { output: path }));
  }
};

/** Checks an object whose keys are not declared: only limits, and lists of one type. */
export const checkUntyped = (value: ExactObject | readonly Exact[], prefix: string, depth: number): void => {
  checkDepth(depth);
  for (const [name, item] of entriesOf(value)) {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (isExactArray(item)) checkList(item, path, depth);
    else if (isExactObject(item)) checkUntyped(item, path, depth + 1);
    else if (typeof item === "string") checkString(item, path);
    else if (isExactNumber(item)) checkNumber(item, path);
  }
};
