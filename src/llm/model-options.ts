import type { Breaker } from "../base/circuit-breaker.ts";
import type { Clock } from "../base/clock.ts";
import type { JsonObject } from "../base/json.ts";
import type { Logger } from "../base/logger.ts";
import type { Secret } from "../base/secret.ts";
import type { FlowUsage } from "../flow/flow-event.ts";

/** Which protocol a model server speaks; `openai-compatible` is Ollama, vLLM, llama.cpp, LM Studio and the like. */
type ProviderKind = "openai-compatible" | "openai" | "google" | "anthropic";

/** Where a model lives and how it is let in. */
export type ModelEndpoint = {
  readonly provider: ProviderKind;
  /** The provider's own name of the model, such as `gpt-4o` or `qwen3:8b`. */
  readonly model: string;
  /** The API's base URL, with `/v1` where the server has it. Needed for `openai-compatible` only. */
  readonly baseUrl?: string;
  /** Null for a local server that asks for none; the other providers need one. */
  readonly apiKey: Secret | null;
  /** Further headers, such as those of a gateway; values that are secrets are scrubbed from errors. */
  readonly headers?: Readonly<Record<string, Secret | string>>;
};

/** The further headers of an endpoint, ready to be sent. */
export const modelHeaders = ({
  headers = {},
}: Pick<ModelEndpoint, "headers">): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === "string" ? value : value.reveal(),
    ]),
  );

/** An address of a model's server, beside that of its interface; its query goes along, as Azure wants it. */
export const addressBeside = (baseUrl: string, path: string): URL => {
  const [address = "", query = ""] = baseUrl.split("?", 2);
  const url = new URL(path, `${address.replace(/\/+$/, "")}/`);
  url.search = query;
  return url;
};

/** Whether a server that lists `listed` means the model `name`; Ollama writes out the tag that is left out. */
export const isListedAs = (listed: string, name: string): boolean =>
  listed === name || (!name.includes(":") && listed === `${name}:latest`);

/** What tokens cost, per million. */
export type ModelPrice = {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
  readonly currency: string;
};

/** How long one attempt may take, in milliseconds; null for no limit. Waiting for a slot does not count. */
export type ModelTimeouts = {
  /**
   * Of silence before the first piece of text or reasoning; a header or a ping is a sign of life. Grows with
   * the prompt unless it is set: 60 s and 60 ms a token.
   */
  readonly firstTokenMs: number | null;
  /** Of silence between two pieces, a minute unless it is set. */
  readonly idleMs: number | null;
  /** For the whole answer, without a limit unless it is set (an answer in one piece: ten minutes). */
  readonly totalMs: number | null;
};

/** A model as the operator configured it. */
export type ConfiguredModel = ModelEndpoint & {
  /** The operator's name for it; unique, and the one that the mapping uses. */
  readonly name: string;
  /** Null when the cost is not known or not of interest; it then counts as 0. */
  readonly price?: ModelPrice | null;
  readonly timeouts?: Partial<ModelTimeouts>;
  /** Over the file's `completion_params`, under Dify's names; null takes a parameter away. */
  readonly parameters?: JsonObject;
  /** Further fields of the request's body, for `openai-compatible` servers only (such as `top_k`). */
  readonly extraBody?: JsonObject;
  /** False for servers that cannot stream. */
  readonly stream?: boolean;
  /** Calls at once from this process; see `concurrencyOf` for the default. */
  readonly concurrency?: number;
  /** What a prompt and its answer take together at most, in tokens; found out where it is not set. */
  readonly contextWindow?: number;
  /**
   * How an answer by JSON schema is asked for: by the provider's own means (the default), as JSON
   * without a schema, or by the prompt alone. Where the first is refused the prompt is used instead.
   */
  readonly structuredOutput?: "json-schema" | "json-object" | "prompt";
};

/** One line of the mapping from the names in workflow files to configured models. */
type ModelRoute = {
  /** A glob over the file's `provider/name`, `*` matching slashes too; letter case does not matter. */
  readonly match: string;
  /** The name of a configured model. */
  readonly model: string;
};

/** Which configured model stands for which name in a file. */
export type ModelRouting = {
  readonly models: readonly ConfiguredModel[];
  /** The first match wins. */
  readonly routes: readonly ModelRoute[];
  /** Stands for every name that no route covers; null refuses such names. */
  readonly default: string | null;
  /** Asked when another model has failed for good; null for none. */
  readonly fallback: string | null;
};

/** How failed calls are repeated. */
export type RetryPolicy = {
  /** Calls per model, the first included. */
  readonly attempts: number;
  /** The first pause; it doubles each time, and a random part up to one half is taken off. */
  readonly baseMs: number;
  /** The longest pause. A provider that asks for a longer one is not waited for. */
  readonly maxMs: number;
};

/** Three calls with pauses of up to 1 s and 2 s; a `retry-after` of up to a minute is honoured. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 3, baseMs: 1_000, maxMs: 60_000 };

/** One finished attempt, for metrics. */
export type ModelCallRecord = {
  /** The configured model's name. */
  readonly model: string;
  readonly provider: ProviderKind;
  /** `ok` or Dify's name of the failure. */
  readonly outcome: string;
  /** Counted from 1 per model. */
  readonly attempt: number;
  readonly isFallback: boolean;
  readonly elapsedMs: number;
  readonly usage: FlowUsage;
};

/** What this process knows of a model beyond its configuration: how it counts, and how much it reads. */
export type ModelProfile = {
  /** Learns from a call how many tokens the server counted in a prompt. */
  readonly learnCount: (prompt: string, reported: number) => void;
  /** Tokens that the server counts for one of `estimateTokens`; null until enough calls have reported any. */
  readonly tokenRatio: () => number | null;
  /** How many tokens a text has: as the server counts, as far as that is known, else estimated rather too high. */
  readonly countTokens: (text: string) => number;
  /** Learns the context window from a server that refused a prompt or cut it. */
  readonly learnWindow: (tokens: number) => void;
  /** The context window in tokens as far as it is known: what is set, what the server said, or what it refused. */
  readonly knownWindow: () => number | null;
  /** The same, after the server was asked where nothing is set. Takes three seconds at most, never fails. */
  readonly findWindow: () => Promise<number | null>;
};

/** The profiles of configured models, by the operator's names for them. */
export type ModelProfiles = { readonly of: (model: ConfiguredModel) => ModelProfile };

/** What the model client needs. */
export type ModelClientOptions = ModelRouting & {
  readonly retry?: RetryPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Keeps calls from a model that failed again and again, by its name; without it every call is made. */
  readonly breakerOf?: (model: string) => Breaker;
  /** What is known of the models, shared with whoever packs prompts for them; the client's own when left out. */
  readonly profiles?: ModelProfiles;
  /** Called after every attempt; must not throw. */
  readonly onCall?: (record: ModelCallRecord) => void;
  /** Between 0 and 1, for the random part of pauses; `Math.random` by default. */
  readonly random?: () => number;
};
