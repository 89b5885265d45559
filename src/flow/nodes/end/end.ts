import { z } from "zod";
import { defineNodeKind, PLAIN_DECLARATION } from "../../node.ts";
import { readPool } from "../../pool.ts";
import { outputsOf, variableOf } from "../../value-type.ts";
import { checkPrintable } from "../../value-markdown.ts";
import { SelectorPath } from "../selector-path.ts";

/** The types that Dify knows an output by; what the value is shows at run time. */
const OutputType = z.enum([
  "string",
  "number",
  "integer",
  "secret",
  "boolean",
  "object",
  "file",
  "array",
  "array[string]",
  "array[number]",
  "array[object]",
  "array[boolean]",
  "array[file]",
  "any",
  "array[any]",
]);

/** Data of an end node. */
const EndData = z.object({
  outputs: z
    .array(z.object({ variable: z.string(), value_selector: SelectorPath, value_type: OutputType.nullish() }))
    .nullish()
    .transform((value) => value ?? []),
});
type EndData = z.infer<typeof EndData>;

/** Gives outputs to the run; one whose value is not there is null. */
export const endKind = defineNodeKind({
  type: "end",
  role: "response",
  schema: EndData,
  declare: (data) => ({
    ...PLAIN_DECLARATION,
    handles: [],
    outputs: Object.fromEntries(data.outputs.map(({ variable }) => [variable, "any"])),
    reads: data.outputs.map((output) => ({
      selector: output.value_selector,
      field: `outputs.${output.variable}`,
      needed: false,
    })),
    quotes: data.outputs.flatMap((output, index) => [
      ...(index > 0 ? [{ kind: "text", text: "\n" } as const] : []),
      {
        kind: "reference",
        selector: output.value_selector,
        path: output.value_selector.join("."),
      } as const,
    ]),
  }),
  execute: async (data, { pool }) => {
    const found = data.outputs.map(
      ({ variable, value_selector }) => [variable, readPool(pool, value_selector)] as const,
    );
    for (const [, variable] of found) if (variable !== undefined) checkPrintable(variable);
    const values = outputsOf(
      Object.fromEntries(found.map(([name, variable]) => [name, variable ?? variableOf(null)])),
    );
    return { ok: true, inputs: values.outputs, ...values };
  },
});
