import { JsonObject, type Json } from "../base/json.ts";
import { validateInputs } from "../flow/engine/validate-inputs.ts";
import { InputVariable } from "../flow/nodes/start/schema.ts";
import type { FlowInput } from "../review/flow-runner.ts";

/**
 * Reads `user_input_form` of `GET /v1/parameters`: each entry is `{"text-input": {variable, …}}`, the field as it
 * stands in the start node, or the flat `{type, variable, …}` of older versions. Fields of a kind that we do
 * not know are left out.
 */
export const parseInputForm = (form: readonly JsonObject[]): readonly InputVariable[] =>
  form.flatMap((entry) => {
    const [name, wrapped] = Object.entries(entry)[0] ?? [];
    const inner = JsonObject.safeParse(wrapped);
    const field = InputVariable.safeParse(inner.success ? { ...inner.data, type: name } : entry);
    return field.success && field.data.type !== "external_data_tool" ? [field.data] : [];
  });

/** A declared field as the flow's callers know it. */
export const toFlowInput = (field: InputVariable): readonly FlowInput[] => {
  const { variable: name, type, required, max_length: maxLength, options } = field;
  if (type === "external_data_tool") return [];
  return [{ name, type, required, maxLength: maxLength === 0 ? null : maxLength, options }];
};

const asText = (type: InputVariable["type"] | undefined, value: Json): Json => {
  if (type !== "text-input" && type !== "paragraph" && type !== "select") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
};

/**
 * The inputs as they are sent: numbers and truth values as text where the flow declares a text, since Dify
 * refuses a project id of 7 where it wants "7". What Dify would refuse is refused before it is asked, by the
 * rules of its own engine: FlowError `flow-input-invalid`, which names the input.
 */
export const prepareInputs = (declared: readonly InputVariable[], inputs: JsonObject): JsonObject => {
  const types = new Map(declared.map(({ variable, type }) => [variable, type]));
  const prepared = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, asText(types.get(name), value)]),
  );
  // Defaults are Dify's to fill in.
  validateInputs(
    declared.map((field) => ({ ...field, default: null })),
    prepared,
  );
  return prepared;
};
