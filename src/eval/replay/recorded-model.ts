import { systemClock } from "../../base/clock.ts";
import { ConfigError, inEnglish, problemAt } from "../../base/errors.ts";
import { message } from "../../messages/message.ts";
import { z } from "zod";
import { Json, JsonObject } from "../../base/json.ts";
import { FlowUsage, ModelAnswer as ModelAnswerSchema } from "../../flow/flow-usage.ts";
import type {
  ModelAnswer,
  ModelClient,
  NodeResult,
  ToolAnswer,
  ToolDescription,
  ToolReference,
  ToolRunner,
} from "../../flow/ports.ts";
import { isJsonArray, isJsonObject } from "../../flow/value-type.ts";
import type { ModelRouting } from "../../llm/model-options.ts";
import { modelKey } from "../../llm/resolve-model.ts";
import { type AnswerKind, type AnswerName, type MaskText, openAnswerFolder } from "./answer-folder.ts";
import { digestOf, requestKey } from "./request-key.ts";
import { runScope } from "./run-scope.ts";

/** Where answers come from, and whether they are kept. */
export type AnswerSource =
  | { readonly kind: "ask" }
  | { readonly kind: "record"; readonly folder: string }
  /** `missing` is what is said of an answer that is not there. */
  | {
      readonly kind: "replay";
      readonly folder: string;
      readonly missing?: "eval.answer-missing" | "cli.flow.run.answer-missing";
    }
  /** Replays what is there, asks for the rest and records that. */
  | { readonly kind: "replay-or-ask"; readonly folder: string };

/** Counts where the answers came from. */
export type AnswerCounts = { asked: number; replayed: number };

/** What is put between flows and their models. */
export type ModelAdapter = (client: ModelClient, routing: ModelRouting) => ModelClient;

/** Answers of models, of which what is for the provider alone (`turn`) is not kept: a replay asks none. */
const MODEL_ANSWERS: AnswerKind<ModelAnswer> = {
  schema: ModelAnswerSchema,
  mask: ({ text, reasoning, finishReason, usage, toolCalls }, masked) => ({
    text: masked(text),
    reasoning: masked(reasoning),
    finishReason,
    usage,
    toolCalls: toolCalls.map((call) => ({ ...call, arguments: masked(call.arguments) })),
  }),
};

/**
 * Makes what records or replays. A replay that finds no answer fails the call, and leaves a ConfigError
 * (`eval-answer-missing`) in the run's scope, so that a set is never scored on answers that nobody gave. So
 * does a folder that cannot be read or written.
 */
export const createModelAdapter =
  (source: AnswerSource, counts: AnswerCounts, mask?: MaskText): ModelAdapter =>
  (client, routing) => {
    const around = recordCalls(source, MODEL_ANSWERS, counts, mask);
    return {
      generate: async (request) => {
        const key = requestKey(request, routing);
        const { result, isReplayed } = await around(key, modelKey(request), () => client.generate(request));
        if (isReplayed && result.ok) request.onText?.(result.value.text);
        return result;
      },
    };
  };

/** Makes what records or replays the answers of tools, and their descriptions, as `createModelAdapter` does. */
export const createToolAdapter = (
  source: AnswerSource,
  counts: AnswerCounts,
  mask?: MaskText,
): ((tools: ToolRunner) => ToolRunner) => {
  const answers = recordCalls(source, TOOL_ANSWERS, counts, mask);
  const descriptions = recordCalls(source, TOOL_DESCRIPTIONS, counts, mask);
  const nameOfTool = ({ providerType, providerId, toolName }: ToolReference): string =>
    `${providerType}:${providerId}/${toolName}`;
  return (tools) => ({
    invoke: async (request) => {
      const { parameters, settings } = request;
      const name = nameOfTool(request);
      const key = digestOf({ tool: name, parameters, settings });
      return (await answers(key, name, () => tools.invoke(request))).result;
    },
    describe: async (request) => {
      const name = nameOfTool(request);
      const key = digestOf({ description: name, settings: request.settings });
      return (await descriptions(key, name, () => tools.describe(request))).result;
    },
  });
};

const maskJson = (value: Json, masked: MaskText): Json => {
  if (typeof value === "string") return masked(value);
  if (isJsonArray(value)) return value.map((item) => maskJson(item, masked));
  return isJsonObject(value) ? maskObject(value, masked) : value;
};

const maskObject = (value: JsonObject, masked: MaskText): JsonObject =>
  Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskJson(item, masked)]));

const TOOL_ANSWERS: AnswerKind<ToolAnswer> = {
  schema: z.object({
    text: z.string(),
    json: z.array(Json),
    files: z.array(JsonObject),
    variables: JsonObject,
    usage: FlowUsage,
  }),
  mask: ({ text, json, files, variables, usage }, masked) => ({
    text: masked(text),
    json: json.map((value) => maskJson(value, masked)),
    files: files.map((file) => maskObject(file, masked)),
    variables: maskObject(variables, masked),
    usage,
  }),
};

const TOOL_DESCRIPTIONS: AnswerKind<ToolDescription> = {
  schema: z.object({ name: z.string(), description: z.string(), parameters: JsonObject }),
  mask: ({ name, description, parameters }, masked) => ({
    name,
    description: masked(description),
    parameters: maskObject(parameters, masked),
  }),
};

type Given<Value> = { readonly result: NodeResult<Value>; readonly isReplayed: boolean };

/** Gives a recorded answer to a call, or makes the call and keeps what came of it, by where answers come from. */
const recordCalls = <Value>(
  source: AnswerSource,
  kind: AnswerKind<Value>,
  counts: AnswerCounts,
  mask: MaskText | undefined,
): ((key: string, what: string, ask: () => Promise<NodeResult<Value>>) => Promise<Given<Value>>) => {
  const folder = source.kind === "ask" ? null : openAnswerFolder(source.folder, kind, mask);
  return async (key, what, ask) => {
    const name = nameOf(key);
    const known = source.kind === "record" || folder === null ? null : await orEnd(folder.read(name));
    if (known !== null) {
      counts.replayed += 1;
      addTime(known.elapsedMs);
      return { result: known.result, isReplayed: true };
    }
    if (source.kind === "replay") return { result: refuse(what, source, name), isReplayed: true };
    counts.asked += 1;
    const startedAt = systemClock.now();
    const result = await ask();
    const elapsedMs = systemClock.now() - startedAt;
    addTime(elapsedMs);
    if (folder === null) return { result, isReplayed: false };
    const { result: kept } = await orEnd(folder.write(name, { elapsedMs, result }));
    // The run goes on with what a replay will have, and with what is for the provider alone.
    if (result.ok && kept.ok)
      return { result: { ok: true, value: { ...result.value, ...kept.value } }, isReplayed: false };
    return { result: result.ok || kept.ok ? result : { ...result, ...kept }, isReplayed: false };
  };
};

/** Counts the request, so that the same question of two passes has two answers. */
const nameOf = (key: string): AnswerName => {
  const scope = runScope();
  if (scope === null) return { key, flow: "none", repeat: 1, nth: 1 };
  const nth = (scope.asked.get(key) ?? 0) + 1;
  scope.asked.set(key, nth);
  return { key, flow: scope.flow, repeat: scope.repeat, nth };
};

/** A flow may take a failure for one of the model and go on; the run must not. */
const orEnd = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    const scope = runScope();
    if (scope !== null && error instanceof Error) scope.miss ??= error;
    throw error;
  }
};

const addTime = (elapsedMs: number): void => {
  const scope = runScope();
  if (scope !== null) scope.modelMs += elapsedMs;
};

const refuse = (
  model: string,
  { folder, missing = "eval.answer-missing" }: Extract<AnswerSource, { kind: "replay" }>,
  { key, repeat, nth }: AnswerName,
): NodeResult<never> => {
  const what =
    missing === "eval.answer-missing"
      ? message(missing, { folder, key, model, repeat, nth })
      : message(missing, { folder, key, model, nth });
  const problem = problemAt("--replay", what);
  const scope = runScope();
  if (scope !== null) scope.miss ??= new ConfigError([problem], { code: "eval-answer-missing" });
  return {
    ok: false,
    errorType: "InvokeBadRequestError",
    message: inEnglish(problem),
    retryable: false,
  };
};
