import picomatch from "picomatch";
import { problemAt } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";
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
  | { readonly ok: false; readonly problem: Message };

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
      problem: message("model.no-route", { key }),
    };
  }
  const model = routing.models.find((candidate) => candidate.name === wanted);
  return model === undefined
    ? {
        ok: false,
        problem: problemAt(
          "model_routing",
          message("model.unknown", { name: wanted, known: routing.models.map(({ name }) => name) }),
        ),
      }
    : { ok: true, model };
};

const addressProblems = (baseUrl: string | undefined, at: string): readonly Message[] => {
  if (baseUrl === undefined) return [];
  const url = URL.parse(baseUrl);
  if (url === null || !/^https?:$/.test(url.protocol))
    return [
      problemAt(`${at}.base_url`, message("config.not-an-address", { example: "http://localhost:11434/v1" })),
    ];
  return url.username === "" && url.password === ""
    ? []
    : [problemAt(`${at}.base_url`, message("model.address-with-password"))];
};

const modelProblems = (model: ConfiguredModel): readonly Message[] => {
  const at = `models.${model.name}`;
  const isCompatible = model.provider === "openai-compatible";
  return [
    ...(isCompatible && model.baseUrl === undefined
      ? [
          model.apiKey === null
            ? problemAt(at, message("model.nowhere"))
            : problemAt(`${at}.base_url`, message("model.address-missing", { provider: model.provider })),
        ]
      : []),
    ...addressProblems(model.baseUrl, at),
    ...(!isCompatible && model.apiKey === null
      ? [problemAt(`${at}.api_key`, message("model.key-missing", { provider: model.provider }))]
      : []),
    ...(model.model === "" ? [problemAt(`${at}.model`, message("config.model-name-missing"))] : []),
  ];
};

/**
 * Every mistake in the routing itself and every name of `named` that it does not cover, each with
 * the key to change. For the moment of loading, so that no run meets them.
 */
export const checkModels = (named: readonly NamedModel[], routing: ModelRouting): readonly Message[] => {
  const names = routing.models.map((model) => model.name);
  const unknown = (name: string | null, key: string): readonly Message[] =>
    name === null || names.includes(name)
      ? []
      : [problemAt(key, message("model.unknown", { name, known: names }))];
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  const byKey = new Map(named.map((one) => [modelKey(one), one]));
  return [
    ...[...twice].map((name) => problemAt("models", message("config.name-twice", { name }))),
    ...routing.models.flatMap(modelProblems),
    ...routing.routes.flatMap((route) => unknown(route.model, `model_routing.routes "${route.match}"`)),
    ...unknown(routing.default, "model_routing.default"),
    ...unknown(routing.fallback, "model_routing.fallback"),
    ...[...byKey.values()].flatMap((one) => {
      const resolved = resolveModel(one, routing);
      return resolved.ok ? [] : [resolved.problem];
    }),
  ];
};
