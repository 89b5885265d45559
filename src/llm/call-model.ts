import { inEnglish } from "../base/errors.ts";
import { estimateTokens } from "../base/estimate-tokens.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import type { ModelAnswer, ModelRequest } from "../flow/ports.ts";
import { runAttempt, type Attempt, type RawAnswer } from "./attempt.ts";
import type { AnswerFormat, ReadParameters } from "./call-settings.ts";
import { CircuitOpen, type CallVerdict, type Ended } from "../base/circuit-breaker.ts";
import { retryBy } from "../base/retry.ts";
import { choosePause } from "./choose-pause.ts";
import {
  classifyFailure,
  isModelOutage,
  askedToWait,
  leftAlone,
  promptCut,
  toolsRefused,
  type ModelFailure,
} from "./model-failure.ts";
import {
  DEFAULT_RETRY,
  type ConfiguredModel,
  type ModelClientOptions,
  type ModelProfile,
  type ModelTimeouts,
} from "./model-options.ts";
import { createModelSlots, type ModelSlots } from "./model-slots.ts";
import {
  countImages,
  findRefusedPart,
  settingFor,
  type RefusablePart,
  withoutImages,
  withoutSettings,
  withoutSystemRole,
} from "./refused-parts.ts";
import { settleFormat } from "./settle-format.ts";
import { toolText } from "./tool-calls.ts";
import { isPromptCut, readUsage } from "./usage.ts";

/** A configured model, ready to be called. */
export type ModelHandle = {
  readonly model: ConfiguredModel;
  readonly slots: ModelSlots;
  readonly profile: ModelProfile;
  /** What this server has refused by name, and what is therefore left out of every request. */
  readonly refused: Set<RefusablePart>;
  /** Until when its server asked not to be called, in milliseconds since the epoch. */
  pausedUntilMs: number;
};

/** Makes a configured model ready. */
export const createModelHandle = (model: ConfiguredModel, profile: ModelProfile): ModelHandle => ({
  model,
  profile,
  slots: createModelSlots(model),
  refused: new Set(model.stream === false ? ["stream"] : []),
  pausedUntilMs: 0,
});

/** A call of one model. */
export type ModelCall = {
  readonly handle: ModelHandle;
  readonly request: ModelRequest;
  readonly read: ReadParameters;
  readonly isFallback: boolean;
  /** Opens the way of text to the caller for one attempt. */
  readonly openGate: () => (piece: string) => void;
  /** Told when an answer has begun. */
  readonly onAnswer?: () => void;
};

/** How a call ended after all attempts. */
export type ModelOutcome =
  | { readonly ok: true; readonly answer: ModelAnswer }
  | { readonly ok: false; readonly failure: ModelFailure };

/** What one request leaves out, beyond what is left out of every one. */
type Plan = {
  readonly left: ReadonlySet<RefusablePart>;
  readonly attempt: number;
  /** What was refused in this call already, by the body of the request. */
  readonly refusals: Map<string, ModelFailure>;
};

/** A request is not sent that was refused for what it says. */
class KnownRefusal extends Error {
  readonly failure: ModelFailure;

  constructor(failure: ModelFailure) {
    super(failure.problem.code);
    this.failure = failure;
  }
}

const wantedFormat = ({ request, read }: ModelCall): AnswerFormat =>
  request.responseSchema === null
    ? read.format
    : { kind: "schema", name: "response", schema: request.responseSchema };

/** Until the first token, in milliseconds: a minute, and 60 ms a token, as slow as a CPU reads. */
const firstTokenMs = (promptTokens: number): number => 60_000 + 60 * promptTokens;

/** What an image counts in tokens where it is looked at closely, by the providers' documents at most. */
const IMAGE_TOKENS = 1_600;

const timeoutsOf = ({ timeouts = {} }: ConfiguredModel, prompt: string, images: number): ModelTimeouts => ({
  firstTokenMs:
    timeouts.firstTokenMs === undefined
      ? firstTokenMs(estimateTokens(prompt) + images * IMAGE_TOKENS)
      : timeouts.firstTokenMs,
  idleMs: timeouts.idleMs === undefined ? 60_000 : timeouts.idleMs,
  totalMs: timeouts.totalMs ?? null,
});

const structuredOutputMode = (
  model: ConfiguredModel,
  left: ReadonlySet<RefusablePart>,
): NonNullable<ConfiguredModel["structuredOutput"]> => {
  if (left.has("responseFormat")) return "prompt";
  const { structuredOutput = "json-schema" } = model;
  return left.has("jsonSchema") && structuredOutput === "json-schema" ? "json-object" : structuredOutput;
};

const announced = ({ openGate, onAnswer }: ModelCall): ((piece: string) => void) => {
  const pass = openGate();
  return (piece) => {
    onAnswer?.();
    pass(piece);
  };
};

/** One request as it is sent. */
const composeAttempt = (
  call: ModelCall,
  { left, refusals }: Plan,
  options: ModelClientOptions,
): {
  readonly attempt: Attempt;
  /** The texts of the messages. */
  readonly prompt: string;
  /** All that the server counts as the prompt: the calls and the tools, too. */
  readonly counted: string;
  readonly sent: () => string;
} => {
  const { handle, request, read } = call;
  const { model } = handle;
  const seen = left.has("images") ? withoutImages(request.messages) : request.messages;
  const settled = settleFormat(structuredOutputMode(model, left), wantedFormat(call), seen);
  const messages = left.has("systemRole") ? withoutSystemRole(settled.messages) : settled.messages;
  const { tools = [], toolChoice } = request;
  const prompt = messages.map(({ content }) => content).join("\n");
  const beside = toolText(messages, tools);
  const counted = beside === "" ? prompt : `${prompt}\n${beside}`;
  const { maxOutputTokens } = read.settings;
  let body = "";
  const attempt: Attempt = {
    model,
    messages,
    tools,
    mayCallTools: toolChoice !== "none",
    format: settled.format,
    settings: withoutSettings(read.settings, left),
    isStreaming: !left.has("stream"),
    includeUsage: !left.has("streamOptions"),
    maxCompletionTokens: left.has("maxTokens") && !left.has("answerLimit") ? (maxOutputTokens ?? null) : null,
    isDeveloperRefused: left.has("developerRole"),
    timeouts: timeoutsOf(model, counted, countImages(messages)),
    clock: options.clock,
    signal: request.signal,
    onText: announced(call),
    onRequest: (text) => {
      body = text;
      const known = refusals.get(body);
      if (known !== undefined) throw new KnownRefusal(known);
    },
  };
  return { attempt, prompt, counted, sent: () => body };
};

/** Whether a streamed answer holds nothing at all; what stands behind it, a stream does not say. */
const isNothing = ({ text, reasoning, finishReason, toolCalls }: RawAnswer): boolean =>
  text === "" && reasoning === "" && finishReason === "stop" && toolCalls.length === 0;

/** Sends one request. */
const generateOnce = async (
  call: ModelCall,
  plan: Plan,
  options: ModelClientOptions,
): Promise<ModelOutcome & { readonly isEmpty?: boolean }> => {
  const { handle, request, isFallback } = call;
  const { name, provider, price } = handle.model;
  const { clock } = options;
  const { attempt, prompt, counted, sent } = composeAttempt(call, plan, options);
  const startedAt = clock.now();
  const report = (outcome: string, usage = NO_USAGE): void => {
    const elapsedMs = clock.now() - startedAt;
    options.onCall?.({ model: name, provider, outcome, attempt: plan.attempt, isFallback, elapsedMs, usage });
  };
  try {
    const raw = await runAttempt(attempt);
    const { text, reasoning, finishReason, toolCalls, turn } = raw;
    const { profile, model } = handle;
    const called = toolCalls.map((one) => one.name + one.arguments).join("");
    const texts = { prompt: counted, answer: text + reasoning + called };
    const usage = { ...readUsage(raw.usage, texts, price, profile.countTokens), models: [model.model] };
    const reported = raw.usage?.inputTokens;
    if (reported !== undefined && provider === "openai-compatible") {
      if (reported === profile.knownWindow() || isPromptCut(prompt, reported)) {
        profile.learnWindow(reported);
        const failure = promptCut(handle.model, reported);
        report(failure.errorType, usage);
        return { ok: false, failure };
      }
    }
    // How many tokens an image counts differs from one model to the next.
    if (reported !== undefined && countImages(attempt.messages) === 0) profile.learnCount(counted, reported);
    report("ok", usage);
    const isEmpty = attempt.isStreaming && isNothing(raw);
    const answer = { text, reasoning, finishReason, usage, toolCalls, ...(turn === null ? {} : { turn }) };
    return { ok: true, answer, isEmpty };
  } catch (error) {
    request.signal.throwIfAborted();
    if (error instanceof KnownRefusal) return { ok: false, failure: error.failure };
    const refused = attempt.tools.length > 0 ? toolsRefused(error, handle.model) : null;
    const failure = refused ?? classifyFailure(error, handle.model, clock.now());
    const { windowTokens = null } = failure.contextLimit ?? {};
    if (windowTokens !== null) handle.profile.learnWindow(windowTokens);
    report(failure.errorType);
    if (failure.isRefusal) plan.refusals.set(sent(), failure);
    return { ok: false, failure, isEmpty: attempt.isStreaming && failure.isEmptyAnswer === true };
  }
};

/**
 * A streamed answer without anything in it is asked for once more in one piece: llama-cpp-python and LiteLLM
 * answer a prompt that is too long so, and give the reason only there.
 */
const retryEmptyAnswer = async (
  call: ModelCall,
  plan: Plan,
  options: ModelClientOptions,
): Promise<ModelOutcome> => {
  const outcome = await generateOnce(call, plan, options);
  if (outcome.isEmpty !== true) return outcome;
  const { signal } = call.request;
  signal.throwIfAborted();
  const again = await generateOnce(call, { ...plan, left: new Set([...plan.left, "stream"]) }, options);
  return again.ok || again.failure.contextLimit !== undefined || !outcome.ok ? again : outcome;
};

/** More parts than this are not left out of one call. */
const MAX_REFUSED_PARTS = 8;

/**
 * Sends a request, and plainer ones where the server refuses parts of it by name. Each differs from the ones
 * before it, and what helped is left out of every later request to this model.
 */
const retryWithoutRefused = async (
  call: ModelCall,
  attempt: number,
  options: ModelClientOptions,
): Promise<ModelOutcome> => {
  const { handle, request, read } = call;
  const { model, refused } = handle;
  const left = new Set(refused);
  const refusals = new Map<string, ModelFailure>();
  const parts = { messages: request.messages, settings: read.settings, format: wantedFormat(call) };
  let first: ModelFailure | null = null;
  for (;;) {
    const outcome = await retryEmptyAnswer(call, { left, attempt, refusals }, options);
    if (outcome.ok) {
      remember(handle, left, options);
      return outcome;
    }
    const { failure } = outcome;
    if (!failure.isRefusal) return outcome;
    const named = findRefusedPart(failure.refusal ?? "", parts, model, left, !left.has("stream"));
    // A refusal that names nothing is often one of the response format.
    const hasFormat = parts.format.kind !== "text" && structuredOutputMode(model, left) !== "prompt";
    const next = named ?? (hasFormat && first === null ? "responseFormat" : null);
    first ??= failure;
    if (next === null || left.size >= MAX_REFUSED_PARTS)
      return { ok: false, failure: named === null ? first : failure };
    left.add(next);
  }
};

const remember = (
  { model, refused }: ModelHandle,
  left: ReadonlySet<RefusablePart>,
  { logger }: ModelClientOptions,
): void => {
  for (const part of left) {
    if (refused.has(part)) continue;
    refused.add(part);
    logger.warn(
      { model: model.name, part, setting: settingFor(part, model.name) },
      "Model refuses a part of the request, which is left out from now on",
    );
  }
};

const verdictOf = (ended: Ended<ModelOutcome>): CallVerdict => {
  if (!ended.ok) return "unknown";
  if (ended.value.ok) return "works";
  const { failure } = ended.value;
  if (failure.verdict === "refused") return "refuses";
  return isModelOutage(failure) ? "fails" : "works";
};

/** An attempt, unless the model failed so often that it is left alone: then it is a failure at once. */
const attemptUnderBreaker = async (
  call: ModelCall,
  attempt: number,
  options: ModelClientOptions,
): Promise<ModelOutcome> => {
  const { model } = call.handle;
  const breaker = options.breakerOf?.(model.name);
  if (breaker === undefined) return retryWithoutRefused(call, attempt, options);
  try {
    return await breaker.run(
      (onAnswer) => retryWithoutRefused({ ...call, onAnswer }, attempt, options),
      verdictOf,
      call.request.signal,
    );
  } catch (error) {
    if (error instanceof CircuitOpen) return { ok: false, failure: leftAlone(model.name, error) };
    throw error;
  }
};

/** Waits as long as the model's server asked, where that is not too long. */
const attemptInTime = async (
  call: ModelCall,
  attempt: number,
  options: ModelClientOptions,
): Promise<ModelOutcome> => {
  const { handle, request } = call;
  const { clock, retry = DEFAULT_RETRY } = options;
  const waitMs = handle.pausedUntilMs - clock.now();
  if (waitMs > retry.maxMs) return { ok: false, failure: askedToWait(handle.model.name, waitMs) };
  if (waitMs > 0) await clock.sleep(waitMs, request.signal);
  const outcome = await attemptUnderBreaker(call, attempt, options);
  if (!outcome.ok && outcome.failure.errorType === "InvokeRateLimitError")
    handle.pausedUntilMs = clock.now() + (outcome.failure.retryAfterMs ?? 0);
  return outcome;
};

/** Where a model is asked, without credentials or query; for logs, since reasons leave it out. */
const addressOf = ({ baseUrl, provider }: ConfiguredModel): string =>
  baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl).origin : provider;

/** An attempt whose failure its policy judges. */
class AttemptFailed extends Error {
  readonly failure: ModelFailure;

  constructor(failure: ModelFailure) {
    super(failure.problem.code);
    this.failure = failure;
  }
}

/**
 * Calls one model until it answers, fails for good or has used up its attempts: one, where the node repeats its calls
 * by itself. Each attempt waits for one of the model's slots first; no limit of time counts meanwhile,
 * `request.onQueued` hears of it.
 */
export const callModel = async (call: ModelCall, options: ModelClientOptions): Promise<ModelOutcome> => {
  const { clock, logger, random = Math.random, retry = DEFAULT_RETRY } = options;
  const { handle, request } = call;
  const { signal } = request;
  const attemptOnce = async (attempt: number): Promise<ModelOutcome> => {
    const outcome = await handle.slots.run(request, () => attemptInTime(call, attempt, options));
    if (outcome.ok) return outcome;
    throw new AttemptFailed(outcome.failure);
  };
  const pauseMs = (error: unknown, attempt: number): number | null => {
    if (!(error instanceof AttemptFailed)) return null;
    const { failure } = error;
    const isOver = failure.untried === true || request.isRetried === true;
    const pause = isOver ? null : choosePause(failure, attempt, retry, random());
    const { model } = handle;
    const fields = {
      model: model.name,
      address: addressOf(model),
      attempt,
      reason: inEnglish(failure.problem),
    };
    if (pause === null) logger.warn(fields, "Model call failed");
    else logger.info({ ...fields, pauseMs: pause }, "Model call failed, another attempt follows");
    return pause;
  };
  try {
    return await retryBy(attemptOnce, { pauseMs, clock, signal });
  } catch (error) {
    if (error instanceof AttemptFailed) return { ok: false, failure: error.failure };
    throw error;
  }
};
