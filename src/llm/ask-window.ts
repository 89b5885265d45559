import { readBoundedText } from "../base/bounded-body.ts";
import { z } from "zod";
import { parseJson } from "../base/json.ts";
import { addressBeside, type ConfiguredModel, isListedAs, modelHeaders } from "./model-options.ts";

/**
 * What a server says of the context window that is in force for a model: so many tokens; `not-loaded` where it
 * says so only once the model has been asked something; null where it says nothing.
 */
export type AskedWindow = number | "not-loaded" | null;

/** How long all questions together may take, in milliseconds. */
const PATIENCE_MS = 3_000;

/** Longer answers, in bytes, are lists of a provider with a great many models. */
const MAX_BYTES = 1_000_000;

const Count = z.int().min(1);
/** vLLM and servers after its example (`GET /v1/models`). */
const Models = z.looseObject({
  data: z.array(z.looseObject({ id: z.string(), max_model_len: Count.optional() })),
});
/** Ollama 0.17: `GET /api/ps` has what is loaded with the window in force; `/api/show` has what a model could take. */
const Loaded = z.looseObject({
  models: z.array(z.looseObject({ name: z.string(), context_length: Count.optional() })),
});
/** llama-server: `GET /props` has the window of one slot. */
const Props = z.looseObject({ default_generation_settings: z.looseObject({ n_ctx: Count }) });

/**
 * Asks a server of the operator's own for the context window that is in force for a model. Quiet: whatever goes
 * wrong is an answer of null, after three seconds at the latest.
 */
export const askWindow = async (
  model: Pick<ConfiguredModel, "provider" | "model" | "baseUrl" | "apiKey" | "headers">,
): Promise<AskedWindow> => {
  const { provider, baseUrl, model: name } = model;
  if (provider !== "openai-compatible" || baseUrl === undefined) return null;
  const get = openQuestions(baseUrl, headersOf(model));
  const listed = Models.safeParse(await get("models"));
  const stated = listed.data?.data.find(({ id }) => id === name)?.max_model_len;
  if (stated !== undefined) return stated;
  const loaded = Loaded.safeParse(await get("../api/ps"));
  if (loaded.success) {
    return loaded.data.models.find((one) => isListedAs(one.name, name))?.context_length ?? "not-loaded";
  }
  return Props.safeParse(await get("../props")).data?.default_generation_settings.n_ctx ?? null;
};

const headersOf = (model: Pick<ConfiguredModel, "apiKey" | "headers">): Readonly<Record<string, string>> => ({
  ...(model.apiKey === null ? {} : { authorization: `Bearer ${model.apiKey.reveal()}` }),
  ...modelHeaders(model),
});

/** The questions to one server, by paths beside the address of its API; undefined for what is no JSON. */
const openQuestions = (
  baseUrl: string,
  headers: Readonly<Record<string, string>>,
): ((path: string) => Promise<unknown>) => {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return async (path) => {
    try {
      // A key must not travel to another host.
      const response = await fetch(addressBeside(baseUrl, path), { headers, redirect: "manual", signal });
      if (!response.ok) {
        await response.body?.cancel();
        return undefined;
      }
      return parseJson(await readBoundedText(response.body, MAX_BYTES));
    } catch {
      return undefined;
    }
  };
};
