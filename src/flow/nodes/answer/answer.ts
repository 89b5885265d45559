import { z } from "zod";
import type { Json } from "../../../base/json.ts";
import { defineNodeKind, PLAIN_DECLARATION } from "../../node.ts";
import { readPool, splitText } from "../../pool.ts";
import { markdownOfVariable } from "../../value-markdown.ts";
import { isJsonArray, type Variable } from "../../value-type.ts";
import { readsOfText } from "../selector-path.ts";

/** Data of an answer node. */
const AnswerData = z.object({ answer: z.string() });
type AnswerData = z.infer<typeof AnswerData>;

const filesOf = (variable: Variable): readonly Json[] => {
  if (variable.type === "file") return [variable.value];
  return variable.type === "array[file]" && isJsonArray(variable.value) ? variable.value : [];
};

/** Says a text to the user of a chat. Several answers of one run are put behind one another. */
export const answerKind = defineNodeKind({
  type: "answer",
  role: "response",
  schema: AnswerData,
  declare: (data) => ({
    ...PLAIN_DECLARATION,
    outputs: { answer: "string", files: "array[file]" },
    reads: readsOfText("answer", data.answer),
    quotes: splitText(data.answer),
  }),
  execute: async (data, { pool }) => {
    const parts = splitText(data.answer).map((part) => {
      if (part.kind === "text") return { text: part.text, files: [] };
      const variable = readPool(pool, part.selector);
      if (variable === undefined) return { text: part.path, files: [] };
      return { text: markdownOfVariable(variable), files: filesOf(variable) };
    });
    return {
      ok: true,
      outputs: {
        answer: parts.map((part) => part.text).join(""),
        files: parts.flatMap((part) => part.files),
      },
      types: { files: "array[file]" },
    };
  },
});
