import picomatch from "picomatch";
import type { ConfiguredModel, ModelRouting } from "./model-options.ts";

/** A model as a workflow file names it. */
export type NamedModel = {
  /** Such as `langgenius/gemini/google`. */
  readonly provider: string;
  /** Such as `gemini-2.0-flash`. */
  readonly name: string;
};

/** The configured model for a file's name, or why there is none. */
export type ResolvedModel =
  | { readonly ok: true; readonly model: ConfiguredModel }
  | { readonly ok: false; readonly message: string };

/** The text that the routes are matched against: `provider/name`. */
export const modelKey = ({ provider, name }: NamedModel): string =>
  provider === "" ? name : `${provider}/${name}`;

const matches = (glob: string, key: string): boolean =>
  glob.toLowerCase() === key.toLowerCase() ||
  picomatch.isMatch(key, glob, { bash: true, dot: true, nocase: true, noextglob: true });

/** Finds the configured model for a name in a file: the first route that matches, else the default. */
export const resolveModel = (named: NamedModel, routing: ModelRouting): ResolvedModel => {
  const key = modelKey(named);
  const wanted = routing.routes.find((route) => matches(route.match, key))?.model ?? routing.default;
  if (wanted === null) {
    return {
      ok: false,
      message: `No model is configured for "${key}". Add a route for it (model_routing.routes) or set a default model (model_routing.default).`,
    };
  }
  const model = routing.models.find((candidate) => candidate.name === wanted);
  return model === undefined
    ? {
        ok: false,
        message: `The model "${wanted}" that stands for "${key}" is not configured (models.${wanted}).`,
      }
    : { ok: true, model };
};

const addressProblems = (baseUrl: string | undefined, at: string): readonly string[] => {
  if (baseUrl === undefined) return [];
  const url = URL.parse(baseUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) return [`${at}.base_url is not an http(s) URL.`];
  return url.username === "" && url.password === ""
    ? []
    : [`${at}.base_url holds a user or a password; put them into ${at}.api_key or ${at}.headers.`];
};

const modelProblems = (model: ConfiguredModel): readonly string[] => {
  const at = `models.${model.name}`;
  const isCompatible = model.provider === "openai-compatible";
  return [
    ...(isCompatible && model.baseUrl === undefined
      ? [
          model.apiKey === null
            ? `${at}: set api_key (MODEL_API_KEY) for a hosted model, or base_url (MODEL_BASE_URL) to the address of a model server of your own, such as http://localhost:11434/v1.`
            : `${at}.base_url is missing (MODEL_BASE_URL); the provider openai-compatible needs one. Without provider (MODEL_PROVIDER) the model's name decides.`,
        ]
      : []),
    ...addressProblems(model.baseUrl, at),
    ...(!isCompatible && model.apiKey === null
      ? [`${at}.api_key is missing; the provider ${model.provider} needs one.`]
      : []),
    ...(model.model === "" ? [`${at}.model is empty; it is the provider's name of the model.`] : []),
  ];
};

/**
 * Every mistake in the routing itself and every name of `named` that it does not cover, as sentences
 * that name the key to change. For the moment of loading, so that no run meets them.
 */
export const checkModels = (named: readonly NamedModel[], routing: ModelRouting): readonly string[] => {
  const names = routing.models.map((model) => model.name);
  const unknown = (name: string | null, key: string): readonly string[] =>
    name === null || names.includes(name)
      ? []
      : [
          `${key} names the model "${name}", which is not configured (configured: ${names.join(", ") || "none"}).`,
        ];
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...new Set(twice.map((name) => `models.${name} is configured twice.`)),
    ...routing.models.flatMap(modelProblems),
    ...routing.routes.flatMap((route) => unknown(route.model, `model_routing.routes "${route.match}"`)),
    ...unknown(routing.default, "model_routing.default"),
    ...unknown(routing.fallback, "model_routing.fallback"),
    ...new Set(
      named.flatMap((one) => {
        const resolved = resolveModel(one, { ...routing });
        return resolved.ok ? [] : [resolved.message];
      }),
    ),
  ];
};
