import { z } from "zod";
import { defineNodeKind, nodeFailure, portFailure, PLAIN_DECLARATION } from "../../node.ts";
import { readPool } from "../../pool.ts";
import { exactOf, isJsonArray, type Variable } from "../../value-type.ts";
import { SelectorPath } from "../selector-path.ts";
import { flowMessage } from "../../messages/message.ts";

/** Dify's limit, in characters. */
const MAX_OUTPUT_CHARACTERS = 400_000;

/** Data of a template node. */
const TemplateTransformData = z.object({
  template: z.string(),
  variables: z
    .array(z.object({ variable: z.string(), value_selector: SelectorPath }))
    .nullish()
    .transform((value) => value ?? []),
});
type TemplateTransformData = z.infer<typeof TemplateTransformData>;

/** Dify gives templates no files, nor lists that hold some. */
const holdsFiles = (variable: Variable | undefined): boolean =>
  variable?.type === "file" ||
  (variable?.type === "array[file]" && isJsonArray(variable.value) && variable.value.length > 0);

/** Renders a Jinja2 template; a variable that is not there is `None`. */
export const templateTransformKind = defineNodeKind({
  type: "template-transform",
  schema: TemplateTransformData,
  declare: (data) => ({
    ...PLAIN_DECLARATION,
    outputs: { output: "string" },
    languages: ["jinja2"],
    reads: data.variables.map(({ variable, value_selector }) => ({
      selector: value_selector,
      field: `variables.${variable}`,
      needed: false,
    })),
  }),
  execute: async (data, { pool, ports, signal }) => {
    const found = data.variables.map(
      ({ variable, value_selector }) => [variable, readPool(pool, value_selector)] as const,
    );
    const inputs = Object.fromEntries(found.map(([name, variable]) => [name, variable?.value ?? null]));
    const file = found.find(([, variable]) => holdsFiles(variable));
    if (file !== undefined) {
      return nodeFailure("", flowMessage("flow.template.file", { variable: file[0] }), { inputs });
    }
    const variables = Object.fromEntries(
      found.map(([name, variable]) => [name, variable === undefined ? null : exactOf(variable)]),
    );
    const rendered = await ports.template.render({ template: data.template, variables, signal });
    if (!rendered.ok) return portFailure({ ...rendered, errorType: "" }, { inputs });
    if (Array.from(rendered.value).length > MAX_OUTPUT_CHARACTERS) {
      return nodeFailure("", flowMessage("flow.template.too-long", { most: MAX_OUTPUT_CHARACTERS }), {
        inputs,
      });
    }
    return { ok: true, inputs, outputs: { output: rendered.value } };
  },
});
