import { NO_USAGE } from "../flow/flow-event.ts";
import type { ModelAnswer, ModelRequest } from "../flow/ports.ts";
import { runAttempt } from "./attempt.ts";
import type { AnswerFormat, ReadParameters } from "./call-settings.ts";
import { choosePause } from "./choose-pause.ts";
import { createLanguageModel } from "./language-model.ts";
import { classifyFailure, isModelOutage, leftAlone, type ModelFailure } from "./model-failure.ts";
import {
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
  type ConfiguredModel,
  type ModelClientOptions,
  type ModelTimeouts,
} from "./model-options.ts";
import { settleFormat } from "./settle-format.ts";
import { readUsage } from "./usage.ts";

/** A configured model, ready to be called. */
export type ModelLine = {
  readonly model: ConfiguredModel;
  readonly timeouts: ModelTimeouts;
  readonly languageModel: ReturnType<typeof createLanguageModel>;
  /** How answers by schema are asked for; becomes `prompt` once the server has refused the rest. */
  means: NonNullable<ConfiguredModel["structuredOutput"]>;
};

/** Makes a configured model ready. */
export const createModelLine = (model: ConfiguredModel): ModelLine => {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...model.timeouts };
  const languageModel = createLanguageModel(model, timeouts);
  return { model, timeouts, languageModel, means: model.structuredOutput ?? "json-schema" };
};

/** A call of one model. */
export type ModelCall = {
  readonly line: ModelLine;
  readonly request: ModelRequest;
  readonly read: ReadParameters;
  readonly isFallback: boolean;
  /** Opens the way of text to the caller for one attempt. */
  readonly openGate: () => (piece: string) => void;
};

/** What came of it after all attempts. */
export type ModelOutcome =
  | { readonly ok: true; readonly answer: ModelAnswer }
  | { readonly ok: false; readonly failure: ModelFailure };

const wantedFormat = ({ request, read }: ModelCall): AnswerFormat =>
  request.responseSchema === null
    ? read.format
    : { kind: "schema", name: "response", schema: request.responseSchema };

const attemptOnce = async (
  call: ModelCall,
  attempt: number,
  options: ModelClientOptions,
): Promise<ModelOutcome> => {
  const { line, request, read, isFallback } = call;
  const { model } = line;
  const { clock } = options;
  const startedAt = clock.now();
  const { format, messages } = settleFormat(line.means, wantedFormat(call), request.messages);
  const report = (outcome: string, usage = NO_USAGE): void => {
    const elapsedMs = clock.now() - startedAt;
    const { name, provider } = model;
    options.onCall?.({ model: name, provider, outcome, attempt, isFallback, elapsedMs, usage });
  };
  try {
    const { settings } = read;
    const { signal } = request;
    const onText = call.openGate();
    const raw = await runAttempt({ ...line, messages, format, settings, clock, signal, onText });
    const { text, reasoning, finishReason } = raw;
    const prompt = messages.map((message) => message.content).join("\n");
    const usage = readUsage(raw.usage, { prompt, answer: text + reasoning }, model.price);
    report("ok", usage);
    return { ok: true, answer: { text, reasoning, finishReason, usage } };
  } catch (error) {
    request.signal.throwIfAborted();
    const failure = classifyFailure(error, model, clock.now());
    report(failure.errorType);
    return { ok: false, failure };
  }
};

/** One attempt, and a plainer one without the response format where that may be what was refused. */
const attemptPlainer = async (
  call: ModelCall,
  attempt: number,
  options: ModelClientOptions,
): Promise<ModelOutcome> => {
  const outcome = await attemptOnce(call, attempt, options);
  const { line } = call;
  const hasFormat = line.means !== "prompt" && wantedFormat(call).kind !== "text";
  if (outcome.ok || !outcome.failure.isRefusal || !hasFormat) return outcome;
  const plainer = await attemptOnce({ ...call, line: { ...line, means: "prompt" } }, attempt, options);
  if (!plainer.ok) return plainer.failure.isRefusal ? outcome : plainer;
  options.logger.warn(
    { model: line.model.name, setting: `models.${line.model.name}.structured_output` },
    "Model refuses a response format, its prompt asks for JSON instead",
  );
  line.means = "prompt";
  return plainer;
};

/** An attempt, unless the model failed so often that it is left alone: then it is a failure at once. */
const attemptUnderBreaker = async (
  call: ModelCall,
  attempt: number,
  options: ModelClientOptions,
): Promise<ModelOutcome> => {
  const { name } = call.line.model;
  const pass = await options.breakerOf?.(name).enter(call.request.signal);
  if (pass?.kind === "wait") return { ok: false, failure: leftAlone(name, pass.waitMs) };
  try {
    const outcome = await attemptPlainer(call, attempt, options);
    pass?.tell(!outcome.ok && isModelOutage(outcome.failure) ? "fails" : "works");
    return outcome;
  } catch (error) {
    pass?.tell("unknown");
    throw error;
  }
};

/** Where a model is asked, without credentials or query; for logs, since reasons leave it out. */
const addressOf = ({ baseUrl, provider }: ConfiguredModel): string =>
  baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl).origin : provider;

/** Calls one model until it answers, fails for good or has used up its attempts. */
export const callModel = async (call: ModelCall, options: ModelClientOptions): Promise<ModelOutcome> => {
  const { clock, logger, random = Math.random, retry = DEFAULT_RETRY } = options;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptUnderBreaker(call, attempt, options);
    if (outcome.ok) return outcome;
    const pauseMs =
      outcome.failure.untried === true ? null : choosePause(outcome.failure, attempt, retry, random());
    const { model } = call.line;
    const fields = {
      model: model.name,
      address: addressOf(model),
      attempt,
      reason: outcome.failure.message,
    };
    if (pauseMs === null) {
      logger.warn(fields, "Model call failed");
      return outcome;
    }
    logger.info({ ...fields, pauseMs }, "Model call failed, another attempt follows");
    await clock.sleep(pauseMs, call.request.signal);
  }
};
