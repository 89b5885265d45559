import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { EmbeddingModel } from "ai";
import { Agent } from "undici";
import { fetchBehindFence } from "../base/fence.ts";
import type { ConfiguredModel, ModelEndpoint, ModelTimeouts } from "./model-options.ts";

/** The name under which `openai-compatible` servers take further body fields in provider options. */
export const COMPATIBLE_NAME = "compatible";

const BASE_URLS = {
  openai: "https://api.openai.com/v1",
  google: "https://generativelanguage.googleapis.com/v1beta",
  anthropic: "https://api.anthropic.com/v1",
} as const;

/** How long Node's own fetch waits for headers and between pieces of a body. */
const FETCH_PATIENCE_MS = 300_000;

/**
 * A fetch that follows no redirect (a key must not travel to another host) and, where a limit of ours
 * is longer than the one that Node's fetch has, leaves the waiting to us. Whoever has lost the work asks no model any
 * more: it costs.
 */
export const createModelFetch = (longestWaitMs: number | null): typeof globalThis.fetch => {
  const isPatient = longestWaitMs === null || longestWaitMs >= FETCH_PATIENCE_MS;
  const patient = isPatient ? new Agent({ headersTimeout: 0, bodyTimeout: 0 }) : null;
  return (input, init) =>
    fetchBehindFence(patient, (dispatcher) => fetch(input, { ...init, redirect: "manual", dispatcher }));
};

const longestOf = (waits: readonly (number | null)[]): number | null =>
  waits.includes(null) ? null : Math.max(...waits.map(Number));

const connection = (endpoint: ModelEndpoint, fetch: typeof globalThis.fetch) => {
  const headers = Object.entries(endpoint.headers ?? {}).map(
    ([name, value]) => [name, typeof value === "string" ? value : value.reveal()] as const,
  );
  return { headers: Object.fromEntries(headers), fetch };
};

/**
 * The AI SDK's model for a configured one. Keys and addresses always come from the configuration: the
 * SDK's own look into the environment is never reached. OpenAI's models are called by its chat API,
 * which knows all of Dify's parameters.
 */
export const createLanguageModel = (model: ConfiguredModel, timeouts: ModelTimeouts) => {
  const waits = model.stream === false ? [timeouts.totalMs] : [timeouts.firstTokenMs, timeouts.idleMs];
  const settings = connection(model, createModelFetch(longestOf(waits)));
  const apiKey = model.apiKey?.reveal() ?? "";
  switch (model.provider) {
    case "openai":
      return createOpenAI({ ...settings, apiKey, baseURL: model.baseUrl ?? BASE_URLS.openai }).chat(
        model.model,
      );
    case "google":
      return createGoogle({ ...settings, apiKey, baseURL: model.baseUrl ?? BASE_URLS.google }).chat(
        model.model,
      );
    case "anthropic":
      return createAnthropic({ ...settings, apiKey, baseURL: model.baseUrl ?? BASE_URLS.anthropic }).chat(
        model.model,
      );
    case "openai-compatible":
      return createOpenAICompatible({
        ...settings,
        ...(model.apiKey === null ? {} : { apiKey }),
        name: COMPATIBLE_NAME,
        baseURL: model.baseUrl ?? "",
        includeUsage: true,
        supportsStructuredOutputs: true,
      }).chatModel(model.model);
  }
};

/** The AI SDK's embedding model for an endpoint; Anthropic offers none. */
export const createEmbeddingModel = (
  endpoint: ModelEndpoint & { readonly provider: Exclude<ModelEndpoint["provider"], "anthropic"> },
  timeoutMs: number,
): Exclude<EmbeddingModel, string> => {
  const settings = connection(endpoint, createModelFetch(timeoutMs));
  const apiKey = endpoint.apiKey?.reveal() ?? "";
  const { provider, model, baseUrl } = endpoint;
  switch (provider) {
    case "openai":
      return createOpenAI({ ...settings, apiKey, baseURL: baseUrl ?? BASE_URLS.openai }).embeddingModel(
        model,
      );
    case "google":
      return createGoogle({ ...settings, apiKey, baseURL: baseUrl ?? BASE_URLS.google }).embeddingModel(
        model,
      );
    case "openai-compatible":
      return createOpenAICompatible({
        ...settings,
        ...(endpoint.apiKey === null ? {} : { apiKey }),
        name: COMPATIBLE_NAME,
        baseURL: baseUrl ?? "",
      }).embeddingModel(model);
  }
};
