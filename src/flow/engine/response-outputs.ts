import { pythonStr } from "../value-text.ts";
import { exactOf, type Variable, variableOf } from "../value-type.ts";

/** Outputs of end and answer nodes by name. */
export type ResponseOutputs = Readonly<Record<string, Variable>>;

/** Outputs of end and answer nodes put together: the last wins, but answers are put behind one another. */
export const mergeResponse = (outputs: ResponseOutputs, more: ResponseOutputs): ResponseOutputs => {
  const before = outputs["answer"];
  const after = more["answer"];
  const hasNone = before === undefined || before.value === null || before.value === "";
  if (after === undefined || hasNone) return { ...outputs, ...more };
  return { ...outputs, ...more, answer: variableOf(pythonStr(exactOf(before)) + pythonStr(exactOf(after))) };
};
