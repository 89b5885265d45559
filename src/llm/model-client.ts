import { ConfigError, inEnglish } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";
import type { ModelAnswer, ModelClient, ModelRequest, NodeFailure, NodeResult } from "../flow/ports.ts";
import { callModel, createModelHandle } from "./call-model.ts";
import { readParameters } from "./call-settings.ts";
import type { ModelFailure } from "./model-failure.ts";
import type { ModelClientOptions } from "./model-options.ts";
import { createModelProfiles } from "./model-profile.ts";
import { checkModels, modelKey, resolveModel } from "./resolve-model.ts";

/** Passes text on until an attempt that has shown some fails: a second beginning would garble the first. */
const createTextGate = (onText: ((piece: string) => void) | undefined) => {
  let shownBy: object | null = null;
  return (): ((piece: string) => void) => {
    const token = {};
    return (piece) => {
      shownBy ??= token;
      if (shownBy === token) onText?.(piece);
    };
  };
};

type FailedModel = ModelFailure & { readonly name: string };

/** What has to change: the model that comes back by itself, before one that only a person brings back. */
const outsideOf = (failures: readonly FailedModel[]): Pick<NodeFailure, "outside"> => {
  if (failures.some(({ verdict }) => verdict === null)) return {};
  const [first] = [...failures.filter(({ verdict }) => verdict !== "refused"), ...failures];
  if (first === undefined || first.verdict === null) return {};
  const peer = { kind: "model", name: first.name } as const;
  return { outside: { peer, verdict: first.verdict, pauseMs: first.retryAfterMs } };
};

const problemOf = ([first, ...others]: readonly FailedModel[]): Message => {
  if (first === undefined) return message("model.none-answered");
  if (others.length === 0) return first.problem;
  return message("model.fallback-failed", { failure: first.problem, fallback: problemOf(others) });
};

const toNodeFailure = (failures: readonly FailedModel[]): NodeResult<never> => {
  const contextLimit = failures.find((failure) => failure.contextLimit !== undefined)?.contextLimit;
  return {
    ok: false,
    errorType: failures[0]?.errorType ?? "InvokeBadRequestError",
    message: inEnglish(problemOf(failures)),
    host: problemOf(failures),
    retryable: failures.some(({ retryable }) => retryable),
    ...(contextLimit === undefined ? {} : { contextLimit }),
    ...(failures.some(({ verdict }) => verdict === "away" || verdict === "busy") ? { passes: true } : {}),
    ...outsideOf(failures),
  };
};

/**
 * A client over the configured models. A call goes to the model that the routing gives for the file's
 * name, is repeated as the retry policy says, and goes to the fallback model when that has failed for
 * good. Failures are values; an aborted call rejects with the signal's reason. Answers are text, also
 * where a JSON schema was asked for. Once an attempt has streamed text and failed, later attempts do
 * not stream: their text is in the answer. Throws a ConfigError when the routing has mistakes.
 */
export const createModelClient = (options: ModelClientOptions): ModelClient => {
  const problems = checkModels([], options);
  if (problems.length > 0) throw new ConfigError(problems);
  // The SDK prints its warnings to the console unless told not to; ours go to the logger.
  globalThis.AI_SDK_LOG_WARNINGS = false;
  const { profiles = createModelProfiles(options.clock) } = options;
  const handles = new Map(
    options.models.map((model) => [model.name, createModelHandle(model, profiles.of(model))]),
  );

  const generate = async (request: ModelRequest): Promise<NodeResult<ModelAnswer>> => {
    request.signal.throwIfAborted();
    const resolved = resolveModel(request, options);
    if (!resolved.ok) {
      return {
        ok: false,
        errorType: "ModelNotExistError",
        message: inEnglish(resolved.problem),
        retryable: false,
      };
    }
    const openGate = createTextGate(request.onText);
    const failures: FailedModel[] = [];
    for (const name of new Set([resolved.model.name, options.fallback])) {
      const handle = name === null ? undefined : handles.get(name);
      if (handle === undefined) continue;
      const read = readParameters(request.parameters, handle.model.parameters);
      if (read.dropped.length > 0) {
        options.logger.debug(
          { model: name, parameters: read.dropped },
          "Model parameters without use dropped",
        );
      }
      const outcome = await callModel(
        { handle, request, read, isFallback: failures.length > 0, openGate },
        options,
      );
      if (outcome.ok) return { ok: true, value: outcome.answer };
      failures.push({ ...outcome.failure, name: handle.model.name });
    }
    options.logger.warn({ wanted: modelKey(request), tried: failures.length }, "No model gave an answer");
    return toNodeFailure(failures);
  };
  return { generate };
};
