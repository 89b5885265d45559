import { APICallError } from "ai";
import { z } from "zod";
import type { CircuitOpen } from "../base/circuit-breaker.ts";
import type { Outside } from "../base/outside.ts";
import type { Secret } from "../base/secret.ts";
import type { ModelEndpoint } from "./model-options.ts";
import { readRetryAfter } from "./retry-after.ts";
import { contextLimitIn, type ContextLimit } from "../base/context-limit.ts";
import { isTransientFailure } from "../base/transient-failure.ts";
import { scrub, secretsOf } from "./scrub.ts";

/** Dify's names for what can go wrong with a model. */
export type ModelErrorType =
  | "InvokeRateLimitError"
  | "InvokeAuthorizationError"
  | "InvokeConnectionError"
  | "InvokeServerUnavailableError"
  | "InvokeBadRequestError";

/** Why a call failed, told for the operator. */
export type ModelFailure = {
  readonly errorType: ModelErrorType;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  /** Whether the request itself was refused, so that a plainer one may be taken. */
  readonly isRefusal: boolean;
  /** What the server said of a refusal, for finding the part that it refuses. */
  readonly refusal?: string;
  /** Whether the answer ended without anything in it. */
  readonly isEmptyAnswer?: true;
  /** The prompt is longer than the server takes; the window in tokens where it is known. */
  readonly contextLimit?: ContextLimit;
  /** Whether the model was not asked at all. */
  readonly untried?: true;
  /** What it says of the model itself; null where another request may well succeed now. */
  readonly verdict: Outside["verdict"] | null;
};

/** The failure of a call whose prompt the server has cut without saying so: its answer is no answer to it. */
export const promptCut = (
  model: ModelEndpoint & { readonly name: string },
  windowTokens: number,
): ModelFailure => ({
  errorType: "InvokeBadRequestError",
  message: `The model "${model.name}" (${model.model}) read only the last ${windowTokens} tokens of its prompt, its server cut the rest away; raise the server's context window (Ollama: OLLAMA_CONTEXT_LENGTH), or lower limits.unit_tokens.`,
  retryable: false,
  retryAfterMs: null,
  isRefusal: false,
  contextLimit: { windowTokens },
  verdict: null,
});

/** The failure of a call that is not made because the model failed, or has just refused us. */
export const leftAlone = (name: string, { waitMs, isRefused }: CircuitOpen): ModelFailure => ({
  errorType: isRefused ? "InvokeAuthorizationError" : "InvokeServerUnavailableError",
  message: isRefused
    ? `The model ${name} has just refused another call, and is not asked; check models.${name} and what its key may use.`
    : `The model ${name} failed again and again and is left alone for another ${Math.ceil(waitMs / 1_000)} s; check models.${name} and that its server is running.`,
  retryable: !isRefused,
  retryAfterMs: isRefused ? null : waitMs,
  isRefusal: false,
  untried: true,
  verdict: isRefused ? "refused" : "away",
});

/** The failure of a call that is not made because the model's server asked for a longer pause than we bear. */
export const askedToWait = (name: string, waitMs: number): ModelFailure => ({
  errorType: "InvokeRateLimitError",
  message: `The model ${name} is not asked: its server limits the rate of calls; retry after ${Math.ceil(waitMs / 1_000)} s.`,
  retryable: true,
  retryAfterMs: waitMs,
  isRefusal: false,
  untried: true,
  verdict: "away",
});

/** Whether a failure tells that the model's server does not work; one that is busy, or refuses a request, does. */
export const isModelOutage = ({ errorType, verdict, isRefusal }: ModelFailure): boolean =>
  verdict === "away" && errorType !== "InvokeRateLimitError" && !isRefusal;

/** An attempt took longer than one of its limits. */
export class AttemptTimeout extends Error {
  readonly limit: "firstTokenMs" | "idleMs" | "totalMs";
  readonly ms: number;

  constructor(limit: AttemptTimeout["limit"], ms: number) {
    super(`${limit} of ${ms} ms is over`);
    this.limit = limit;
    this.ms = ms;
  }
}

/** An answer that came to an end without being whole. */
export class BrokenAnswer extends Error {
  /** Whether nothing at all had come. */
  readonly isEmpty: boolean;

  constructor(message: string, isEmpty = false) {
    super(message);
    this.isEmpty = isEmpty;
  }
}

type Verdict = Pick<ModelFailure, "errorType" | "retryable" | "contextLimit" | "verdict"> & {
  readonly what: string;
};

const Coded = z.object({ code: z.string().optional(), cause: z.unknown().optional() });
const StreamError = z.object({
  message: z.string(),
  statusCode: z.number().optional(),
  isRetryable: z.boolean().optional(),
});

const NETWORK = /^(UND_ERR|ECONN|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT|EHOST|ENET)/;
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/;

const codesOf = (error: unknown, depth = 0): readonly string[] => {
  const parsed = Coded.safeParse(error);
  if (!parsed.success || depth > 5) return [];
  const own = parsed.data.code === undefined ? [] : [parsed.data.code];
  return [...own, ...codesOf(parsed.data.cause, depth + 1)];
};

const byStatus = (status: number, said: string, at: string): Verdict => {
  if (
    status === 401 ||
    status === 403 ||
    (status === 400 && /api[ _]key (not|is not|in)\s?valid/i.test(said))
  ) {
    return {
      errorType: "InvokeAuthorizationError",
      retryable: false,
      verdict: "refused",
      what: `was refused (HTTP ${status}); check ${at}.api_key and what the key may use`,
    };
  }
  if (status === 429 || status === 402) {
    const isSpent = status === 402 || !isTransientFailure(`HTTP 429 ${said}`);
    return {
      errorType: "InvokeRateLimitError",
      retryable: !isSpent,
      // A quota comes back by itself, at the end of its day or when somebody pays.
      verdict: "away",
      what: isSpent
        ? `has no quota left (HTTP ${status}); check the provider's billing`
        : "is asked too often (HTTP 429); lower the number of runs at a time or raise the provider's limit",
    };
  }
  const contextLimit = contextLimitIn(said);
  if (contextLimit !== null) {
    return {
      errorType: "InvokeBadRequestError",
      retryable: false,
      contextLimit,
      verdict: null,
      what: `takes no prompt of this length (HTTP ${status}); raise the server's context window, or lower limits.unit_tokens`,
    };
  }
  if (status >= 500 || status === 408 || status === 409) {
    return {
      errorType: "InvokeServerUnavailableError",
      retryable: status !== 501,
      verdict: status === 501 ? null : "away",
      what: `is not available (HTTP ${status})`,
    };
  }
  if (status >= 300 && status < 400) {
    return {
      errorType: "InvokeBadRequestError",
      retryable: false,
      verdict: "refused",
      what: `redirects (HTTP ${status}), which is not followed; put the final address into ${at}.base_url`,
    };
  }
  const hint =
    status === 404 ? `check ${at}.model and ${at}.base_url` : `check ${at}.parameters and the flow's`;
  return {
    errorType: "InvokeBadRequestError",
    retryable: false,
    verdict: status === 404 ? "refused" : null,
    what: `does not take the request (HTTP ${status}); ${hint}`,
  };
};

const unreadable: Verdict = {
  errorType: "InvokeServerUnavailableError",
  retryable: true,
  verdict: "away",
  what: "answered with something that cannot be read",
};

const byNature = (error: unknown, at: string): Verdict => {
  const codes = codesOf(error);
  if (codes.some((code) => CERTIFICATE.test(code))) {
    return {
      errorType: "InvokeConnectionError",
      retryable: false,
      verdict: "refused",
      what: `has a certificate that is not trusted; check ${at}.base_url, or name its authority by NODE_EXTRA_CA_CERTS`,
    };
  }
  if (codes.some((code) => NETWORK.test(code))) {
    return {
      errorType: "InvokeConnectionError",
      retryable: true,
      verdict: "away",
      what: `cannot be reached or broke off; check ${at}.base_url and that the server runs`,
    };
  }
  const stream = StreamError.safeParse(error);
  if (stream.success && contextLimitIn(stream.data.message) !== null)
    return byStatus(400, stream.data.message, at);
  if (APICallError.isInstance(error)) return unreadable;
  if (stream.success && stream.data.statusCode !== undefined) {
    return byStatus(stream.data.statusCode, stream.data.message, at);
  }
  if (stream.success && stream.data.isRetryable !== undefined) {
    return { ...unreadable, what: "reported an error in the middle of its answer" };
  }
  return unreadable;
};

/** The limits under the names that settings have for them. */
const TIMEOUT_KEYS: Readonly<Record<AttemptTimeout["limit"], string>> = {
  firstTokenMs: "first_token",
  idleMs: "idle",
  totalMs: "total",
};

const classify = (error: unknown, at: string): Verdict => {
  if (error instanceof AttemptTimeout) {
    const waited = error.limit === "totalMs" ? "did not finish" : "sent nothing";
    return {
      errorType: "InvokeConnectionError",
      retryable: true,
      verdict: "away",
      what: `${waited} within ${error.ms} ms (${at}.timeouts.${TIMEOUT_KEYS[error.limit]})`,
    };
  }
  // An answer that ends without a word is often one to this prompt alone.
  if (error instanceof BrokenAnswer)
    return { ...unreadable, what: error.message, verdict: error.isEmpty ? null : "away" };
  if (!APICallError.isInstance(error)) return byNature(error, at);
  if (error.statusCode === undefined) return byNature(error, at);
  const said = `${error.message} ${error.responseBody ?? ""}`;
  return error.statusCode < 300 ? byNature(error, at) : byStatus(error.statusCode, said, at);
};

const quote = (error: unknown, secrets: readonly Secret[]): string => {
  if (error instanceof AttemptTimeout || error instanceof BrokenAnswer) return "";
  const clean = scrub(textOf(error), secrets);
  return clean === "" ? "" : ` It said: ${clean}`;
};

/** The server's own words: the body where it states a message, for the SDK knows the form of some only. */
const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return StreamError.safeParse(error).data?.message ?? "";
  const body = APICallError.isInstance(error) ? (error.responseBody ?? "").trim() : "";
  return /^[{[<]/.test(body) && body.length > MIN_STATED ? body : error.message;
};

/** `{}` and the like state nothing. */
const MIN_STATED = 4;

/**
 * What a failed call means: Dify's name for it (as its OpenAI plugins map the status), whether another
 * attempt may help, and a message that names the configuration key to look at and holds neither a secret nor the server's
 * address: reasons stand in merge requests.
 */
export const classifyFailure = (
  error: unknown,
  model: ModelEndpoint & { readonly name: string },
  nowMs: number,
): ModelFailure => {
  const at = `models.${model.name}`;
  const { what, errorType, retryable, contextLimit, verdict } = classify(error, at);
  const api = APICallError.isInstance(error) ? error : null;
  const status = api?.statusCode ?? 0;
  const refusal = api === null ? "" : `${api.message} ${api.responseBody ?? ""}`;
  const isRefusal =
    contextLimit === undefined && errorType !== "InvokeAuthorizationError" && isOfRequest(status, refusal);
  const retryAfterMs =
    api === null ? null : readRetryAfter(api.responseHeaders ?? {}, api.responseBody ?? "", nowMs);
  const pause =
    retryable && retryAfterMs !== null ? `; retry after ${Math.ceil(retryAfterMs / 1_000)} s` : "";
  return {
    errorType,
    retryable: retryable && !isRefusal,
    verdict: isRefusal ? null : verdict,
    message: `The model "${model.name}" (${model.model}) ${what}${pause}.${quote(error, secretsOf(model))}`,
    retryAfterMs,
    isRefusal,
    ...(refusal === "" ? {} : { refusal }),
    ...(error instanceof BrokenAnswer && error.isEmpty ? { isEmptyAnswer: true } : {}),
    ...(contextLimit === undefined ? {} : { contextLimit }),
  };
};

const REFUSALS: ReadonlySet<number> = new Set([400, 422, 501]);

/**
 * Refusals that some servers give with status 500: llama-cpp-python those of a response format, llama-server what a
 * chat template says ("Jinja Exception: System role not supported"), LiteLLM what another server refused it.
 */
const NAMED_WITH_500 =
  /should be 'text' or 'json_object'|response_?format|json_?schema|jinja|chat template|system role|roles must alternate|unsupported (?:parameter|value)|(?:does not|doesn't) support param/i;

const isOfRequest = (status: number, refusal: string): boolean =>
  !FILTERED.test(refusal) && (REFUSALS.has(status) || (status === 500 && NAMED_WITH_500.test(refusal)));

/** A prompt that a filter stopped is refused for what it is about: no part of the request can be left out. */
const FILTERED = /content[_ ]?(?:filter|management polic)|ResponsibleAIPolicy/i;
