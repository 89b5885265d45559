import {
  generateText,
  InvalidResponseDataError,
  streamText,
  wrapLanguageModel,
  type JSONValue,
  type LanguageModelUsage,
} from "ai";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { ModelMessage } from "../flow/ports.ts";
import { isStrictSchema, type AnswerFormat, type CallSettings } from "./call-settings.ts";
import { COMPATIBLE_NAME, createLanguageModel } from "./language-model.ts";
import { BrokenAnswer } from "./model-failure.ts";
import type { ConfiguredModel, ModelTimeouts } from "./model-options.ts";
import { createModelFetch, openModelWire, type ModelWire } from "./model-wire.ts";
import { createRunawayDetector } from "./runaway-text.ts";
import { startWatchdog, type Watchdog } from "./watchdog.ts";

/** One call, all settled. */
export type Attempt = {
  readonly model: ConfiguredModel;
  readonly isStreaming: boolean;
  /** Whether the usage is asked for in a stream. */
  readonly includeUsage: boolean;
  /** The limit of the answer under the name of newer servers, in place of `max_tokens`. */
  readonly maxCompletionTokens: number | null;
  /** Whether OpenAI's newer role for instructions, which its reasoning models are sent, is not taken. */
  readonly isDeveloperRefused: boolean;
  readonly messages: readonly ModelMessage[];
  readonly settings: CallSettings;
  readonly format: AnswerFormat;
  readonly timeouts: ModelTimeouts;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onText: (piece: string) => void;
  /** Told the body of the request before it is sent; what it throws ends the attempt. */
  readonly onRequest: (body: string) => void;
};

/** An answer as the provider gave it. */
export type RawAnswer = {
  readonly text: string;
  readonly reasoning: string;
  readonly finishReason: string;
  readonly usage: LanguageModelUsage | null;
};

const SdkFields = z.custom<Record<string, JSONValue>>((value) => typeof value === "object" && value !== null);

const FINISH_REASONS: Readonly<Record<string, string>> = {
  stop: "stop",
  length: "length",
  "content-filter": "content_filter",
  "tool-calls": "tool_calls",
};

/** A finish reason in OpenAI's words, which are the ones that Dify prints. */
const nameFinishReason = (unified: string, raw: string | undefined): string =>
  FINISH_REASONS[unified] ?? raw ?? "unknown";

/**
 * Puts the wanted format into the call by itself: the answer stays text, so that an answer that is not
 * quite JSON reaches the caller's lenient parser instead of ending in the SDK's strict one.
 */
const withFormat = ({ format }: Attempt, languageModel: ReturnType<typeof createLanguageModel>) => {
  if (format.kind === "text") return languageModel;
  const responseFormat =
    format.kind === "json"
      ? { type: "json" as const }
      : { type: "json" as const, name: format.name, schema: format.schema };
  return wrapLanguageModel({
    model: languageModel,
    middleware: {
      specificationVersion: "v4",
      transformParams: async ({ params }) => ({ ...params, responseFormat }),
    },
  });
};

const providerOptions = ({
  format,
  model,
  maxCompletionTokens,
  isDeveloperRefused,
}: Attempt): Record<string, Record<string, JSONValue>> => {
  const strictJsonSchema = format.kind === "schema" && isStrictSchema(format.schema);
  const { extraBody = {} } = model;
  return {
    openai: {
      strictJsonSchema,
      ...(maxCompletionTokens === null ? {} : { maxCompletionTokens }),
      ...(isDeveloperRefused ? { systemMessageMode: "system" } : {}),
    },
    openaiCompatible: { strictJsonSchema },
    [COMPATIBLE_NAME]: SdkFields.parse({
      ...extraBody,
      ...(maxCompletionTokens === null ? {} : { max_completion_tokens: maxCompletionTokens }),
    }),
  };
};

/** A call on its way: what the SDK is given, and what is seen beneath it. */
type OpenCall = { readonly attempt: Attempt; readonly watchdog: Watchdog; readonly wire: ModelWire };

const callOptions = ({ attempt, watchdog, wire }: OpenCall) => ({
  ...attempt.settings,
  model: withFormat(attempt, createLanguageModel(attempt.model, wire.fetch, attempt)),
  messages: attempt.messages.map(({ role, content }) => ({ role, content })),
  allowSystemInMessages: true,
  maxRetries: 0,
  abortSignal: watchdog.signal,
  providerOptions: providerOptions(attempt),
});

const stream = async (call: OpenCall): Promise<RawAnswer> => {
  const { attempt, watchdog, wire } = call;
  const result = streamText({ ...callOptions(call), onError: () => undefined });
  const isRunaway = createRunawayDetector();
  let text = "";
  let reasoning = "";
  // The SDK reports a stream without a finish reason as an error, and then its finish.
  let isUnfinished = false;
  for await (const part of result.stream) {
    if (part.type === "error") {
      if (!InvalidResponseDataError.isInstance(part.error)) throw part.error;
      isUnfinished = true;
    }
    if (part.type === "abort") throw new BrokenAnswer("interrupted");
    if (part.type === "text-delta" || part.type === "reasoning-delta") {
      watchdog.seeText();
      if (part.type === "text-delta") text += part.text;
      else reasoning += part.text;
      if (part.type === "text-delta" && part.text !== "") attempt.onText(part.text);
      const runaway = isRunaway(part.text);
      // Leaving the loop lets go of the stream, which ends the model's work.
      if (runaway !== null) return { text, reasoning, finishReason: runaway, usage: null };
    }
    if (part.type === "finish") {
      isUnfinished ||= part.finishReason === "other" && part.rawFinishReason === undefined;
      if (isUnfinished && (!wire.isDone() || text + reasoning === "")) break;
      const finishReason = isUnfinished ? "stop" : nameFinishReason(part.finishReason, part.rawFinishReason);
      return { text, reasoning, finishReason, usage: part.totalUsage };
    }
  }
  throw new BrokenAnswer("unfinished", wire.isEventStream() && text + reasoning === "");
};

const whole = async (call: OpenCall): Promise<RawAnswer> => {
  const result = await generateText(callOptions(call));
  return {
    text: result.text,
    reasoning: result.finalStep.reasoningText ?? "",
    finishReason: nameFinishReason(result.finishReason, result.rawFinishReason),
    usage: result.usage,
  };
};

/** The longest an answer in one piece takes where `timeouts.total` does not say, in milliseconds. */
const WHOLE_ANSWER_MS = 600_000;

const longestOf = (waits: readonly (number | null)[]): number | null =>
  waits.includes(null) ? null : Math.max(...waits.map(Number));

/**
 * Calls the model once, under the limits of time. Throws the provider's error, an AttemptTimeout, a
 * BrokenAnswer, or the caller's reason when the signal was aborted.
 */
export const runAttempt = async (attempt: Attempt): Promise<RawAnswer> => {
  attempt.signal.throwIfAborted();
  const { isStreaming } = attempt;
  const timeouts = isStreaming
    ? attempt.timeouts
    : { firstTokenMs: null, idleMs: null, totalMs: attempt.timeouts.totalMs ?? WHOLE_ANSWER_MS };
  const waits = isStreaming ? [timeouts.firstTokenMs, timeouts.idleMs] : [timeouts.totalMs];
  using watchdog = startWatchdog(timeouts, attempt.clock, attempt.signal);
  const send = createModelFetch(longestOf(waits));
  const wire = openModelWire(
    (input, init) => {
      if (typeof init?.body === "string") attempt.onRequest(init.body);
      return send(input, init);
    },
    isStreaming,
    watchdog.seeSign,
  );
  const call = { attempt, watchdog, wire };
  try {
    return await (isStreaming ? stream(call) : whole(call));
  } catch (error) {
    attempt.signal.throwIfAborted();
    watchdog.check();
    throw error;
  }
};
