import { systemClock } from "../../base/clock.ts";
import { ConfigError, inEnglish, problemAt } from "../../base/errors.ts";
import { message } from "../../messages/message.ts";
import type { ModelAnswer, ModelClient, ModelRequest, NodeResult } from "../../flow/ports.ts";
import type { ModelRouting } from "../../llm/model-options.ts";
import { modelKey } from "../../llm/resolve-model.ts";
import { type AnswerFolder, type AnswerName, openAnswerFolder } from "./answer-folder.ts";
import { requestKey } from "./request-key.ts";
import { runScope } from "./run-scope.ts";

/** Where answers come from, and whether they are kept. */
export type AnswerSource =
  | { readonly kind: "ask" }
  | { readonly kind: "record"; readonly folder: string }
  | { readonly kind: "replay"; readonly folder: string }
  /** Replays what is there, asks for the rest and records that. */
  | { readonly kind: "replay-or-ask"; readonly folder: string };

/** Counts where the answers came from. */
export type AnswerCounts = { asked: number; replayed: number };

/** What is put between flows and their models. */
export type ModelAdapter = (client: ModelClient, routing: ModelRouting) => ModelClient;

/**
 * Makes what records or replays. A replay that finds no answer fails the call, and leaves a ConfigError
 * (`eval-answer-missing`) in the run's scope, so that a set is never scored on answers that nobody gave. So
 * does a folder that cannot be read or written.
 */
export const createModelAdapter = (source: AnswerSource, counts: AnswerCounts): ModelAdapter => {
  const folder = source.kind === "ask" ? null : openAnswerFolder(source.folder);
  return (client, routing) => ({
    generate: async (request) => {
      const name = nameOf(requestKey(request, routing));
      const known = source.kind === "record" || folder === null ? null : await orEnd(folder.read(name));
      if (known !== null) {
        counts.replayed += 1;
        addTime(known.elapsedMs);
        if (known.result.ok) request.onText?.(known.result.value.text);
        return known.result;
      }
      if (source.kind === "replay") return refuse(request, source.folder, name);
      counts.asked += 1;
      return ask(client, request, { folder, name });
    },
  });
};

const ask = async (
  client: ModelClient,
  request: ModelRequest,
  { folder, name }: { readonly folder: AnswerFolder | null; readonly name: AnswerName },
): Promise<NodeResult<ModelAnswer>> => {
  const startedAt = systemClock.now();
  const result = await client.generate(request);
  const elapsedMs = systemClock.now() - startedAt;
  addTime(elapsedMs);
  if (folder !== null) await orEnd(folder.write(name, { elapsedMs, result }));
  return result;
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
  request: ModelRequest,
  folder: string,
  { key, repeat, nth }: AnswerName,
): NodeResult<never> => {
  const problem = problemAt(
    "--replay",
    message("eval.answer-missing", { folder, key, model: modelKey(request), repeat, nth }),
  );
  const scope = runScope();
  if (scope !== null) scope.miss ??= new ConfigError([problem], { code: "eval-answer-missing" });
  return {
    ok: false,
    errorType: "InvokeBadRequestError",
    message: inEnglish(problem),
    retryable: false,
  };
};
