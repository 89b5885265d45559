import type { Json, JsonObject } from "../../../base/json.ts";
import { findJsonObject } from "../../../base/model-json/read-json.ts";
import { objectOfNode } from "../../exact.ts";
import type { NodeContext, NodeDeclaration, NodeOutcome } from "../../node.ts";
import { defineNodeKind, nodeFailure, PLAIN_DECLARATION } from "../../node.ts";
import { readPool, resolveText } from "../../pool.ts";
import type { ModelAnswer, ModelMessage } from "../../ports.ts";
import { outputsOf, variableOf } from "../../value-type.ts";
import { pythonJson, textOfVariable } from "../../value-text.ts";
import {
  declaredModels,
  modelFailures,
  modelRequest,
  modelWarnings,
  readsOfParameters,
} from "../llm/model-settings.ts";
import { usageOutput } from "../llm/usage.ts";
import { readsOfText } from "../selector-path.ts";
import { convertResult, findProblem } from "./parameter-values.ts";
import type { Parameter } from "./schema.ts";
import { ParameterExtractorData, parametersSchema } from "./schema.ts";

const NO_RESULT = "Failed to extract result from function call or text response, using empty result.";

const systemPrompt = (instruction: string): string =>
  [
    "You extract parameters from texts. Answer with nothing but one JSON object that follows the given structure and holds every parameter it names.",
    "Take values from the text as they are; do not invent any.",
    ...(instruction === "" ? [] : ["", "Follow these instructions as well:", instruction]),
  ].join("\n");

const userPrompt = (schema: JsonObject, text: string): string =>
  [
    "Structure, as a JSON schema:",
    pythonJson(schema),
    "",
    "Text between <text> and </text>:",
    "<text>",
    text,
    "</text>",
  ].join("\n");

const EXAMPLE_SCHEMA: JsonObject = {
  type: "object",
  properties: { city: { type: "string", description: "where the user wants to go" } },
  required: ["city"],
};

const buildMessages = (
  parameters: readonly Parameter[],
  query: string,
  instruction: string,
): readonly ModelMessage[] => [
  { role: "system", content: systemPrompt(instruction) },
  { role: "user", content: userPrompt(EXAMPLE_SCHEMA, "I need a train to Kyoto on Monday.") },
  { role: "assistant", content: '{"city": "Kyoto"}' },
  { role: "user", content: userPrompt(parametersSchema(parameters), query) },
];

/** What Dify goes on with when the model gave no JSON: zeros of scalars, no lists. */
const emptyResult = (parameters: readonly Parameter[]): JsonObject =>
  Object.fromEntries(
    parameters.flatMap(({ name, type }): readonly (readonly [string, Json])[] => {
      if (type === "number") return [[name, 0]];
      if (type === "boolean") return [[name, false]];
      return type === "string" ? [[name, ""]] : [];
    }),
  );

const settle = (
  data: ParameterExtractorData,
  answer: ModelAnswer,
  latencyMs: number,
  inputs: JsonObject,
): NodeOutcome => {
  // Dify takes the first JSON in the answer and repairs none.
  const found = findJsonObject(answer.text);
  const isEmpty = found === null || found.entries.length === 0;
  const result = isEmpty ? emptyResult(data.parameters) : objectOfNode(found);
  const reason = findProblem(data.parameters, result) ?? (isEmpty ? NO_RESULT : null);
  const variables = {
    __is_success: variableOf(reason === null ? 1 : 0),
    __reason: variableOf(reason),
    __usage: variableOf(usageOutput(answer.usage, latencyMs)),
    ...convertResult(data.parameters, result),
  };
  return { ok: true, inputs, ...outputsOf(variables), usage: answer.usage };
};

const declare = (data: ParameterExtractorData): NodeDeclaration => ({
  ...PLAIN_DECLARATION,
  reads: [
    { selector: data.query, field: "query", needed: false },
    ...readsOfText("instruction", data.instruction ?? ""),
    ...readsOfParameters(data.model),
  ],
  outputs: {
    __is_success: "integer",
    __reason: "any",
    __usage: "object",
    ...Object.fromEntries(data.parameters.map(({ name, type }) => [name, type === "number" ? "any" : type])),
  },
  models: declaredModels(data.model),
  failures: [
    ...modelFailures(data.model),
    ...(data.parameters.length > 0
      ? []
      : [{ field: "parameters", message: "the node extracts no parameter; add one" }]),
  ],
  warnings: modelWarnings(data),
});

const execute = async (data: ParameterExtractorData, context: NodeContext): Promise<NodeOutcome> => {
  const { pool, ports, signal, clock } = context;
  const variable = readPool(pool, data.query);
  const query = variable === undefined ? "" : textOfVariable(variable);
  const inputs = {
    query,
    instruction: data.instruction ?? null,
    model_provider: data.model.provider,
    model_name: data.model.name,
  };
  const startedAt = clock.now();
  const answer = await ports.model.generate({
    ...modelRequest(pool, data.model),
    messages: buildMessages(data.parameters, query, resolveText(pool, data.instruction ?? "")),
    responseSchema: parametersSchema(data.parameters),
    signal,
  });
  if (!answer.ok) {
    const outputs = { __is_success: 0, __reason: "Failed to invoke model", __error: answer.message };
    return nodeFailure(answer.errorType, answer.message, { inputs, outputs });
  }
  return settle(data, answer.value, clock.now() - startedAt, inputs);
};

/** Lets a model turn a text into parameters; calls by function and by prompt are the same request with a schema here. */
export const parameterExtractorKind = defineNodeKind({
  type: "parameter-extractor",
  schema: ParameterExtractorData,
  declare,
  execute,
});
