import {
  generateText,
  InvalidResponseDataError,
  streamText,
  wrapLanguageModel,
  type JSONValue,
  type LanguageModelUsage,
  type TextStreamPart,
  type ToolSet,
} from "ai";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Json } from "../base/json.ts";
import type { ModelMessage, ToolDescription, ToolCall } from "../flow/ports.ts";
import { isStrictSchema, type AnswerFormat, type CallSettings } from "./call-settings.ts";
import { COMPATIBLE_NAME, createLanguageModel } from "./language-model.ts";
import { BrokenAnswer } from "./model-failure.ts";
import type { ConfiguredModel, ModelTimeouts } from "./model-options.ts";
import { createModelFetch, openModelWire, type ModelWire } from "./model-wire.ts";
import { createRunawayDetector } from "./runaway-text.ts";
import { readToolCalls, readTurn, type SdkCall, sdkMessages, sdkTools } from "./tool-calls.ts";
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
  readonly tools: readonly ToolDescription[];
  /** Whether the model may call the tools, or only sees them. */
  readonly mayCallTools: boolean;
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
  readonly toolCalls: readonly ToolCall[];
  /** See ModelAnswer; null without calls. */
  readonly turn: Json;
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
 * quite JSON reaches the caller's lenient parser instead of ending in the SDK's strict one. The same with tools
 * that may not be called: the SDK would throw an answer away that calls one nevertheless.
 */
const withFormat = (
  { format, tools, mayCallTools }: Attempt,
  languageModel: ReturnType<typeof createLanguageModel>,
) => {
  const isFree = format.kind === "text";
  const isShown = tools.length > 0 && !mayCallTools;
  if (isFree && !isShown) return languageModel;
  const responseFormat =
    format.kind === "schema"
      ? { type: "json" as const, name: format.name, schema: format.schema }
      : { type: "json" as const };
  return wrapLanguageModel({
    model: languageModel,
    middleware: {
      specificationVersion: "v4",
      transformParams: async ({ params }) => ({
        ...params,
        ...(isFree ? {} : { responseFormat }),
        ...(isShown ? { toolChoice: { type: "none" as const } } : {}),
      }),
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
  messages: sdkMessages(attempt.messages, attempt.model.name),
  ...(attempt.tools.length === 0 ? {} : { tools: sdkTools(attempt.tools) }),
  allowSystemInMessages: true,
  maxRetries: 0,
  abortSignal: watchdog.signal,
  providerOptions: providerOptions(attempt),
});

/** The calls of an answer, with the turn to give back; none where no tools were offered. */
const readCalls = async (
  { model, tools }: Attempt,
  calls: readonly SdkCall[],
  messages: () => PromiseLike<Parameters<typeof readTurn>[1]>,
): Promise<Pick<RawAnswer, "toolCalls" | "turn">> => {
  const toolCalls = tools.length === 0 ? [] : readToolCalls(calls);
  return {
    toolCalls,
    turn: toolCalls.length === 0 ? null : readTurn(model.name, await messages(), toolCalls),
  };
};

const NO_CALLS = { toolCalls: [], turn: null } as const;

/** What has come of a streamed answer. */
type Collected = { text: string; reasoning: string; readonly calls: SdkCall[] };

const isEmpty = ({ text, reasoning, calls }: Collected): boolean =>
  text + reasoning === "" && calls.length === 0;

type Piece = { readonly type: "text-delta" | "reasoning-delta" | "tool-input-delta"; readonly text: string };

/** The piece that a part of the stream brings; null for parts that bring none. */
const pieceOf = (part: TextStreamPart<ToolSet>): Piece | null => {
  if (part.type === "tool-input-delta") return { type: part.type, text: part.delta };
  return part.type === "text-delta" || part.type === "reasoning-delta" ? part : null;
};

const collect = ({ type, text }: Piece, collected: Collected, { onText }: Attempt): void => {
  if (type === "reasoning-delta") collected.reasoning += text;
  if (type !== "text-delta") return;
  collected.text += text;
  if (text !== "") onText(text);
};

const stream = async (call: OpenCall): Promise<RawAnswer> => {
  const { attempt, watchdog, wire } = call;
  const result = streamText({ ...callOptions(call), onError: () => undefined });
  const isRunaway = createRunawayDetector();
  const collected: Collected = { text: "", reasoning: "", calls: [] };
  // The SDK reports a stream without a finish reason as an error, and then its finish.
  let isUnfinished = false;
  let finished: Pick<RawAnswer, "finishReason" | "usage"> | null = null;
  for await (const part of result.stream) {
    if (part.type === "error") {
      if (!InvalidResponseDataError.isInstance(part.error)) throw part.error;
      isUnfinished = true;
    }
    if (part.type === "abort") throw new BrokenAnswer("interrupted");
    if (part.type === "tool-call") collected.calls.push(part);
    const piece = pieceOf(part);
    if (piece !== null) {
      watchdog.seeText();
      collect(piece, collected, attempt);
      const runaway = isRunaway(piece.text);
      // Leaving the loop lets go of the stream, which ends the model's work.
      if (runaway !== null) return { ...textsOf(collected), finishReason: runaway, usage: null, ...NO_CALLS };
    }
    if (part.type === "finish") {
      isUnfinished ||= part.finishReason === "other" && part.rawFinishReason === undefined;
      if (isUnfinished && (!wire.isDone() || isEmpty(collected))) break;
      const finishReason = isUnfinished ? "stop" : nameFinishReason(part.finishReason, part.rawFinishReason);
      finished = { finishReason, usage: part.totalUsage };
    }
  }
  if (finished === null) throw new BrokenAnswer("unfinished", wire.isEventStream() && isEmpty(collected));
  const called = await readCalls(attempt, collected.calls, () => result.responseMessages);
  return { ...textsOf(collected), ...finished, ...called };
};

const textsOf = ({ text, reasoning }: Collected): Pick<RawAnswer, "text" | "reasoning"> => ({
  text,
  reasoning,
});

const whole = async (call: OpenCall): Promise<RawAnswer> => {
  const result = await generateText(callOptions(call));
  return {
    text: result.text,
    reasoning: result.finalStep.reasoningText ?? "",
    finishReason: nameFinishReason(result.finishReason, result.rawFinishReason),
    usage: result.usage,
    ...(await readCalls(call.attempt, result.toolCalls, async () => result.responseMessages)),
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
