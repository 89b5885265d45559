import { z } from "zod";
import { readBoundedText } from "../base/bounded-body.ts";
import { parseJson } from "../base/json.ts";
import { addressBeside, type ConfiguredModel, isListedAs, modelHeaders } from "./model-options.ts";

/**
 * What a model's server says of its name and key. `listed`: it takes the key, as far as it asks for one, and knows the
 * name. `unlisted`: it lists others. `refused`: it does not take the key. `silent`: it lists no models.
 */
export type ModelStanding =
  | { readonly kind: "listed" | "silent" }
  | { readonly kind: "unlisted"; readonly names: readonly string[] }
  | { readonly kind: "refused"; readonly status: number };

const Listed = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) });

const ADDRESSES = {
  openai: "https://api.openai.com/v1",
  google: "https://generativelanguage.googleapis.com/v1beta",
  anthropic: "https://api.anthropic.com/v1",
  "openai-compatible": "",
} as const;

/** The version of Anthropic's interface that its list of models has. */
const ANTHROPIC_VERSION = "2023-06-01";

/** What each provider's list of models is asked with; the list itself costs nothing. */
const questionOf = (
  model: ConfiguredModel,
): { readonly path: string; readonly headers: Record<string, string> } => {
  const key = model.apiKey?.reveal() ?? "";
  const one = `models/${encodeURIComponent(model.model)}`;
  switch (model.provider) {
    case "anthropic":
      return { path: one, headers: { "x-api-key": key, "anthropic-version": ANTHROPIC_VERSION } };
    case "google":
      return { path: one, headers: { "x-goog-api-key": key } };
    default:
      return { path: "models", headers: key === "" ? {} : { authorization: `Bearer ${key}` } };
  }
};

/** Lists of some thousand models have less, in bytes. */
const MAX_LIST_BYTES = 16 * 1024 * 1024;

/** Asks a model's server whether it takes the key and knows the name. Rejects where it cannot be reached. */
export const askModel = async (model: ConfiguredModel, signal: AbortSignal): Promise<ModelStanding> => {
  const { path, headers } = questionOf(model);
  const url = addressBeside(model.baseUrl ?? ADDRESSES[model.provider], path);
  // A key must not travel to another host.
  const response = await fetch(url, {
    headers: { ...headers, ...modelHeaders(model) },
    redirect: "manual",
    signal,
  });
  const text = await readBoundedText(response.body, MAX_LIST_BYTES);
  const { status } = response;
  if (status === 401 || status === 403) return { kind: "refused", status };
  const isOne = path !== "models";
  if (isOne && status === 404) return { kind: "unlisted", names: [] };
  if (!response.ok) return { kind: "silent" };
  if (isOne) return { kind: "listed" };
  const listed = Listed.safeParse(parseJson(text));
  if (!listed.success) return { kind: "silent" };
  const names = listed.data.data.map(({ id }) => id);
  return names.some((name) => isListedAs(name, model.model))
    ? { kind: "listed" }
    : { kind: "unlisted", names };
};
