import type { Json, JsonObject } from "../../../base/json.ts";
import { findJsonObject } from "../../../base/model-json/read-json.ts";
import { objectOfNode } from "../../exact.ts";
import type { NodeContext, NodeDeclaration, NodeOutcome } from "../../node.ts";
import { defineNodeKind, portFailure, PLAIN_DECLARATION } from "../../node.ts";
import { readPool, resolveText } from "../../pool.ts";
import type { ModelAnswer } from "../../ports.ts";
import { outputsOf, variableOf } from "../../value-type.ts";
import { textOfVariable } from "../../value-text.ts";
import {
  declaredModels,
  modelFailures,
  modelRequest,
  modelWarnings,
  readsOfParameters,
} from "../llm/model-settings.ts";
import { usageOutput } from "../llm/usage.ts";
import { loadImages, readsOfVision, visionFiles, withImages } from "../llm/vision.ts";
import { readsOfText } from "../selector-path.ts";
import { buildMessages } from "./prompt.ts";
import { convertResult, findProblem } from "./parameter-values.ts";
import type { Parameter } from "./schema.ts";
import { ParameterExtractorData, parametersSchema } from "./schema.ts";
import { englishOf, flowMessage } from "../../messages/message.ts";

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
  const problem =
    findProblem(data.parameters, result) ?? (isEmpty ? flowMessage("flow.parameters.no-result") : null);
  const reason = problem === null ? null : englishOf(problem);
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
    ...readsOfVision(data.vision),
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
      : [{ field: "parameters", message: flowMessage("flow.parameters.none") }]),
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
  const images = await loadImages(visionFiles(data.vision, context), data.vision, context);
  const startedAt = clock.now();
  const answer = await ports.model.generate({
    ...modelRequest(pool, data.model),
    messages: withImages(
      buildMessages(data.parameters, query, resolveText(pool, data.instruction ?? "")),
      images,
    ),
    responseSchema: parametersSchema(data.parameters),
    signal,
  });
  if (!answer.ok) {
    const reason = englishOf(flowMessage("flow.parameters.call-failed"));
    const outputs = { __is_success: 0, __reason: reason, __error: answer.message };
    return portFailure(answer, { inputs, outputs });
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
