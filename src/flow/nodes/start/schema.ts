import { z } from "zod";
import { Json, JsonObject, parseJson } from "../../../base/json.ts";
import { compileSchema } from "../../json-schema.ts";
import { problemOf } from "../../parse-data.ts";

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

/** The kinds of field that Dify's input form has. */
export const InputType = z.enum([
  "text-input",
  "paragraph",
  "select",
  "number",
  "checkbox",
  "file",
  "file-list",
  "json_object",
  "external_data_tool",
]);
export type InputType = z.infer<typeof InputType>;

/** A JSON schema, which exports hold as an object or as the text that was typed into the editor. */
const InputSchema = z
  .union([JsonObject, z.string().transform((value) => (value.trim() === "" ? null : parseJson(value)))])
  .nullish()
  .pipe(JsonObject.nullish())
  .transform((value) => value ?? null);

const isUsable = (field: { readonly type: InputType; readonly json_schema: JsonObject | null }): boolean => {
  if (field.type !== "json_object" || field.json_schema === null) return true;
  try {
    compileSchema(field.json_schema);
    return true;
  } catch {
    return false;
  }
};

/** One field of the input form, as the start node lists it. */
export const InputVariable = z
  .object({
    variable: z.string().min(1),
    label: text,
    type: InputType,
    required: z
      .boolean()
      .nullish()
      .transform((value) => value ?? false),
    max_length: z.coerce
      .number()
      .nullish()
      .transform((value) => value ?? null),
    options: z
      .array(z.string())
      .nullish()
      .transform((value) => value ?? []),
    default: Json.nullish().transform((value) => value ?? null),
    json_schema: InputSchema.optional().transform((value) => value ?? null),
  })
  .refine(isUsable, { path: ["json_schema"], ...problemOf("flow.value.not-a-schema") });
export type InputVariable = z.infer<typeof InputVariable>;

/** Data of the start node. */
export const StartData = z.object({ variables: z.array(InputVariable).nullish() });
export type StartData = z.infer<typeof StartData>;
