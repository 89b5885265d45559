import type { JsonObject } from "../../base/json.ts";
import { pythonStr } from "../value-text.ts";

/** Outputs of end and answer nodes put together: the last wins, but answers are put behind one another. */
export const mergeResponse = (outputs: JsonObject, more: JsonObject): JsonObject => {
  const before = outputs["answer"];
  const after = more["answer"];
  if (after === undefined || before === undefined || before === null || before === "")
    return { ...outputs, ...more };
  return { ...outputs, ...more, answer: pythonStr(before) + pythonStr(after) };
};
