import { type Reason, reasonOf } from "../base/reason.ts";
import { beginningOf } from "../base/cut-text.ts";
import type { Json, JsonObject } from "../base/json.ts";
import type { FlowInput } from "./flow-runner.ts";

/** Inputs that a flow will take, and what had to be left out of them. */
export type FittedInputs = {
  readonly inputs: JsonObject;
  /** The inputs that were cut. */
  readonly cuts: readonly Reason[];
};

/**
 * Cuts texts to the lengths that the flow declares, since Dify refuses a longer one and the whole run
 * with it. What is cut is said in the text itself, where the model sees it, and in `cuts`.
 */
export const fitInputs = (inputs: JsonObject, declared: readonly FlowInput[]): FittedInputs => {
  const cuts: Reason[] = [];
  const limits = new Map(declared.map(({ name, maxLength }) => [name, maxLength]));
  const fitted = Object.entries(inputs).map(([name, value]): [string, Json] => {
    const limit = limits.get(name) ?? null;
    if (typeof value !== "string" || limit === null || limit <= 0 || value.length <= limit)
      return [name, value];
    cuts.push(reasonOf("input-cut", { input: name, length: value.length, most: limit }));
    return [name, cutText(value, limit)];
  });
  return { inputs: Object.fromEntries(fitted), cuts };
};

const cutText = (text: string, limit: number): string => {
  const mark = `\n[cut: ${text.length} characters, the flow takes ${limit}]`;
  if (mark.length >= limit) return beginningOf(text, limit);
  return beginningOf(text, limit - mark.length) + mark;
};
