import { message } from "../messages/message.ts";
import { embedMany } from "ai";
import type { Clock } from "../base/clock.ts";
import { ConfigError, ModelError, problemAt } from "../base/errors.ts";
import { retryBy } from "../base/retry.ts";
import { choosePause } from "./choose-pause.ts";
import { createEmbeddingModel } from "./language-model.ts";
import { classifyFailure, type ModelFailure } from "./model-failure.ts";
import { DEFAULT_RETRY, type ModelEndpoint, type RetryPolicy } from "./model-options.ts";
import { startWatchdog } from "./watchdog.ts";

/** What the embedder needs. */
export type EmbedderOptions = ModelEndpoint & {
  /** The operator's name for the model, for messages. */
  readonly name: string;
  /** Texts per request; 64 by default, which small servers take too. */
  readonly batchSize?: number;
  /** For one request, in milliseconds; a minute by default. */
  readonly timeoutMs?: number;
  readonly retry?: RetryPolicy;
  readonly clock: Clock;
};

/** Turns texts to vectors, in order. */
export type Embed = (
  texts: readonly string[],
  signal: AbortSignal,
) => Promise<readonly (readonly number[])[]>;

const toError = (failure: ModelFailure, name: string): ModelError =>
  new ModelError(failure.problem, {
    code: "embedding-failed",
    outside:
      failure.verdict === null ? undefined : { peer: { kind: "model", name }, verdict: failure.verdict },
    retryable: failure.retryable,
    retryAfterMs: failure.retryAfterMs ?? undefined,
  });

/**
 * A function that embeds texts by the configured model, in batches, one after another, with retries.
 * It throws a ModelError when that fails for good and the signal's reason when it is aborted. A
 * provider without embeddings, or without what it needs, is a ConfigError.
 */
export const createEmbedder = (options: EmbedderOptions): Embed => {
  const { provider, name, clock, batchSize = 64, timeoutMs = 60_000, retry = DEFAULT_RETRY } = options;
  if (provider === "anthropic") {
    throw new ConfigError([problemAt(`models.${name}`, message("model.no-embeddings", { provider }))]);
  }
  if (provider === "openai-compatible" && options.baseUrl === undefined) {
    throw new ConfigError([problemAt(`models.${name}`, message("model.nowhere"))]);
  }
  const model = createEmbeddingModel({ ...options, provider }, timeoutMs);

  const limits = { firstTokenMs: null, idleMs: null, totalMs: timeoutMs };
  globalThis.AI_SDK_LOG_WARNINGS = false;

  const embedBatch = async (batch: readonly string[], signal: AbortSignal): Promise<number[][]> => {
    using watchdog = startWatchdog(limits, clock, signal);
    try {
      const values = [...batch];
      const { embeddings } = await embedMany({ model, values, maxRetries: 0, abortSignal: watchdog.signal });
      return embeddings;
    } catch (error) {
      signal.throwIfAborted();
      const cause: unknown = watchdog.signal.aborted ? watchdog.signal.reason : error;
      throw toError(classifyFailure(cause, options, clock.now()), name);
    }
  };

  const pauseMs = (error: unknown, failures: number): number | null =>
    error instanceof ModelError ? choosePause(error, failures, retry, Math.random()) : null;

  return async (texts, signal) => {
    const vectors: number[][] = [];
    for (let start = 0; start < texts.length; start += batchSize) {
      const batch = texts.slice(start, start + batchSize);
      vectors.push(...(await retryBy(() => embedBatch(batch, signal), { pauseMs, clock, signal })));
    }
    return vectors;
  };
};
