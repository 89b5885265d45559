import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { EmbeddingModel } from "ai";
import { type ConfiguredModel, type ModelEndpoint, modelHeaders } from "./model-options.ts";
import { createModelFetch } from "./model-wire.ts";

/** The name under which `openai-compatible` servers take further body fields in provider options. */
export const COMPATIBLE_NAME = "compatible";

const BASE_URLS = {
  openai: "https://api.openai.com/v1",
  google: "https://generativelanguage.googleapis.com/v1beta",
  anthropic: "https://api.anthropic.com/v1",
  "openai-compatible": "",
} as const;

/**
 * What every provider of the SDK takes. A query of the base URL (Azure's `?api-version=`) goes to each call:
 * the SDK would put its paths behind it.
 */
const connection = (endpoint: ModelEndpoint, fetch: typeof globalThis.fetch) => {
  const { baseUrl = BASE_URLS[endpoint.provider] } = endpoint;
  const [baseURL = "", query] = baseUrl.split("?", 2);
  return {
    baseURL,
    apiKey: endpoint.apiKey?.reveal() ?? "",
    headers: modelHeaders(endpoint),
    fetch: query === undefined ? fetch : withQuery(query, fetch),
  };
};

const withQuery =
  (query: string, send: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    for (const [name, value] of new URLSearchParams(query)) url.searchParams.set(name, value);
    return send(url, init);
  };

/**
 * The AI SDK's model for a configured one. Keys and addresses always come from the configuration: the
 * SDK's own look into the environment is never reached. OpenAI's models are called by its chat API,
 * which knows all of Dify's parameters.
 */
export const createLanguageModel = (
  model: ConfiguredModel,
  fetch: typeof globalThis.fetch,
  { includeUsage }: { readonly includeUsage: boolean },
) => {
  const settings = connection(model, fetch);
  switch (model.provider) {
    case "openai":
      return createOpenAI(settings).chat(model.model);
    case "google":
      return createGoogle(settings).chat(model.model);
    case "anthropic":
      return createAnthropic(settings).chat(model.model);
    case "openai-compatible":
      return createOpenAICompatible({
        ...withoutEmptyKey(settings),
        name: COMPATIBLE_NAME,
        includeUsage,
        supportsStructuredOutputs: true,
      }).chatModel(model.model);
  }
};

/** A server that asks for no key gets no header for one. */
const withoutEmptyKey = <T extends { readonly apiKey: string }>({ apiKey, ...rest }: T) =>
  apiKey === "" ? rest : { ...rest, apiKey };

/** The AI SDK's embedding model for an endpoint; Anthropic offers none. */
export const createEmbeddingModel = (
  endpoint: ModelEndpoint & { readonly provider: Exclude<ModelEndpoint["provider"], "anthropic"> },
  timeoutMs: number,
): Exclude<EmbeddingModel, string> => {
  const settings = connection(endpoint, createModelFetch(timeoutMs));
  const { provider, model } = endpoint;
  switch (provider) {
    case "openai":
      return createOpenAI(settings).embeddingModel(model);
    case "google":
      return createGoogle(settings).embeddingModel(model);
    case "openai-compatible":
      return createOpenAICompatible({ ...withoutEmptyKey(settings), name: COMPATIBLE_NAME }).embeddingModel(
        model,
      );
  }
};
