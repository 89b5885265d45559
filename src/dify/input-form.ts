import type { Json, JsonObject } from "../base/json.ts";
import { InputType } from "../flow/nodes/start/schema.ts";
import type { FlowInput } from "../review/flow-runner.ts";
import { FormField } from "./schema.ts";

const FieldType = InputType.exclude(["external_data_tool"]);

const typeNamed = (name: unknown): FlowInput["type"] | undefined => FieldType.safeParse(name).data;

/**
 * Reads `user_input_form` of `GET /v1/parameters` in both of its shapes: `{"text-input": {variable, …}}`
 * and the flat `{type, variable, …}`. Fields of a kind that we do not know are left out.
 */
export const parseInputForm = (form: readonly Readonly<Record<string, unknown>>[]): readonly FlowInput[] =>
  form.flatMap((entry) => {
    const flat = typeNamed(entry["type"]);
    const [wrappedName, wrappedField] = Object.entries(entry)[0] ?? [];
    const type = flat ?? typeNamed(wrappedName);
    const field = FormField.safeParse(flat === undefined ? wrappedField : entry);
    if (type === undefined || !field.success) return [];
    const { variable, required, max_length, options } = field.data;
    return [
      {
        name: variable,
        type,
        required: required ?? false,
        maxLength: max_length === 0 ? null : (max_length ?? null),
        options: options ?? [],
      },
    ];
  });

const fit = (type: FlowInput["type"] | undefined, value: Json): Json => {
  if (type !== "text-input" && type !== "paragraph" && type !== "select") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
};

/**
 * Writes numbers and truth values as text where the flow declares a text: Dify refuses a project id of
 * 7 where it wants "7". Everything else is left for Dify to judge.
 */
export const writeAsDeclared = (declared: readonly FlowInput[], inputs: JsonObject): JsonObject => {
  const types = new Map(declared.map((input) => [input.name, input.type]));
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, fit(types.get(name), value)]),
  );
};
