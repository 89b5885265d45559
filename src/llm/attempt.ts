import { generateText, streamText, wrapLanguageModel, type JSONValue, type LanguageModelUsage } from "ai";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { ModelMessage } from "../flow/ports.ts";
import { isStrictSchema, type AnswerFormat, type CallSettings } from "./call-settings.ts";
import { COMPATIBLE_NAME, type createLanguageModel } from "./language-model.ts";
import { BrokenAnswer } from "./model-failure.ts";
import type { ConfiguredModel, ModelTimeouts } from "./model-options.ts";
import { startWatchdog, type Watchdog } from "./watchdog.ts";

/** One call, all settled. */
export type Attempt = {
  readonly model: ConfiguredModel;
  readonly languageModel: ReturnType<typeof createLanguageModel>;
  readonly messages: readonly ModelMessage[];
  readonly settings: CallSettings;
  readonly format: AnswerFormat;
  readonly timeouts: ModelTimeouts;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onText: (piece: string) => void;
};

/** What came of it. */
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
const withFormat = (attempt: Attempt) => {
  const { format, languageModel } = attempt;
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

const providerOptions = ({ format, model }: Attempt): Record<string, Record<string, JSONValue>> => {
  const strictJsonSchema = format.kind === "schema" && isStrictSchema(format.schema);
  return {
    openai: { strictJsonSchema },
    openaiCompatible: { strictJsonSchema },
    ...(model.extraBody === undefined ? {} : { [COMPATIBLE_NAME]: SdkFields.parse(model.extraBody) }),
  };
};

const callOptions = (attempt: Attempt, watchdog: Watchdog) => ({
  ...attempt.settings,
  model: withFormat(attempt),
  messages: attempt.messages.map(({ role, content }) => ({ role, content })),
  allowSystemInMessages: true,
  maxRetries: 0,
  abortSignal: watchdog.signal,
  providerOptions: providerOptions(attempt),
});

const stream = async (attempt: Attempt, watchdog: Watchdog): Promise<RawAnswer> => {
  const result = streamText({ ...callOptions(attempt, watchdog), onError: () => undefined });
  let text = "";
  let reasoning = "";
  for await (const part of result.stream) {
    if (part.type === "error") throw part.error;
    if (part.type === "abort") throw new BrokenAnswer("was interrupted");
    if (part.type === "text-delta") {
      watchdog.beat();
      text += part.text;
      if (part.text !== "") attempt.onText(part.text);
    }
    if (part.type === "reasoning-delta") {
      watchdog.beat();
      reasoning += part.text;
    }
    if (part.type === "finish") {
      if (part.finishReason === "other" && part.rawFinishReason === undefined) {
        throw new BrokenAnswer("ended its answer without a finish reason, so the answer may be cut");
      }
      const finishReason = nameFinishReason(part.finishReason, part.rawFinishReason);
      return { text, reasoning, finishReason, usage: part.totalUsage };
    }
  }
  throw new BrokenAnswer("ended its answer without a finish reason, so the answer may be cut");
};

const whole = async (attempt: Attempt, watchdog: Watchdog): Promise<RawAnswer> => {
  const result = await generateText(callOptions(attempt, watchdog));
  return {
    text: result.text,
    reasoning: result.finalStep.reasoningText ?? "",
    finishReason: nameFinishReason(result.finishReason, result.rawFinishReason),
    usage: result.usage,
  };
};

/**
 * Calls the model once, under the limits of time. Throws the provider's error, an AttemptTimeout, a
 * BrokenAnswer, or the caller's reason when the signal was aborted.
 */
export const runAttempt = async (attempt: Attempt): Promise<RawAnswer> => {
  attempt.signal.throwIfAborted();
  const isStreaming = attempt.model.stream !== false;
  const timeouts = isStreaming ? attempt.timeouts : { ...attempt.timeouts, firstTokenMs: null, idleMs: null };
  using watchdog = startWatchdog(timeouts, attempt.clock, attempt.signal);
  try {
    return await (isStreaming ? stream(attempt, watchdog) : whole(attempt, watchdog));
  } catch (error) {
    attempt.signal.throwIfAborted();
    watchdog.check();
    throw error;
  }
};
