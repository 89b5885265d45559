import { APICallError } from "ai";
import { z } from "zod";
import type { CircuitOpen } from "../base/circuit-breaker.ts";
import type { Outside } from "../base/outside.ts";
import type { Secret } from "../base/secret.ts";
import type { ModelEndpoint } from "./model-options.ts";
import { readRetryAfter } from "./retry-after.ts";
import { type Message, message } from "../messages/message.ts";
import { contextLimitIn, type ContextLimit } from "../base/context-limit.ts";
import { isTransientFailure } from "../base/transient-failure.ts";
import { scrub, secretsOf } from "./scrub.ts";

/** Dify's names for what can go wrong with a model. */
type ModelErrorType =
  | "InvokeRateLimitError"
  | "InvokeAuthorizationError"
  | "InvokeConnectionError"
  | "InvokeServerUnavailableError"
  | "InvokeBadRequestError";

/** Why a call failed, told for the operator. */
export type ModelFailure = {
  readonly errorType: ModelErrorType;
  /** Names the key of the configuration to look at and holds no secret. */
  readonly problem: Message;
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
  { name, model }: ModelEndpoint & { readonly name: string },
  windowTokens: number,
): ModelFailure => ({
  errorType: "InvokeBadRequestError",
  problem: message("model.prompt-cut", { name, model, tokens: windowTokens }),
  retryable: false,
  retryAfterMs: null,
  isRefusal: false,
  contextLimit: { windowTokens },
  verdict: null,
});

/** The failure of a call that is not made because the model failed, or has just refused us. */
export const leftAlone = (name: string, { waitMs, isRefused }: CircuitOpen): ModelFailure => ({
  errorType: isRefused ? "InvokeAuthorizationError" : "InvokeServerUnavailableError",
  problem: isRefused
    ? message("model.just-refused", { name })
    : message("model.left-alone", { name, seconds: Math.ceil(waitMs / 1_000) }),
  retryable: !isRefused,
  retryAfterMs: isRefused ? null : waitMs,
  isRefusal: false,
  untried: true,
  verdict: isRefused ? "refused" : "away",
});

/** The failure of a call that is not made because the model's server asked for a longer pause than we bear. */
export const askedToWait = (name: string, waitMs: number): ModelFailure => ({
  errorType: "InvokeRateLimitError",
  problem: message("model.asked-to-wait", { name, seconds: Math.ceil(waitMs / 1_000) }),
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
    super(limit);
    this.limit = limit;
    this.ms = ms;
  }
}

/** An answer that came to an end without being whole. */
export class BrokenAnswer extends Error {
  readonly why: "interrupted" | "unfinished";
  /** Whether nothing at all had come. */
  readonly isEmpty: boolean;

  constructor(why: BrokenAnswer["why"], isEmpty = false) {
    super(why);
    this.why = why;
    this.isEmpty = isEmpty;
  }
}

type Verdict = Pick<ModelFailure, "errorType" | "retryable" | "contextLimit" | "verdict" | "problem">;

/** A model as messages name it. */
type Named = { readonly name: string; readonly model: string };

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

const byStatus = (status: number, said: string, { name, model }: Named): Verdict => {
  const named = { name, model, status };
  if (
    status === 401 ||
    status === 403 ||
    (status === 400 && /api[ _]key (not|is not|in)\s?valid/i.test(said))
  ) {
    return {
      errorType: "InvokeAuthorizationError",
      retryable: false,
      verdict: "refused",
      problem: message("model.unauthorized", named),
    };
  }
  if (status === 429 || status === 402) {
    const isSpent = status === 402 || !isTransientFailure(`HTTP 429 ${said}`);
    return {
      errorType: "InvokeRateLimitError",
      retryable: !isSpent,
      // A quota comes back by itself, at the end of its day or when somebody pays.
      verdict: "away",
      problem: message(isSpent ? "model.no-quota" : "model.rate-limited", named),
    };
  }
  const contextLimit = contextLimitIn(said);
  if (contextLimit !== null) {
    return {
      errorType: "InvokeBadRequestError",
      retryable: false,
      contextLimit,
      verdict: null,
      problem: message("model.prompt-too-long", named),
    };
  }
  if (status >= 500 || status === 408 || status === 409) {
    return {
      errorType: "InvokeServerUnavailableError",
      retryable: status !== 501,
      verdict: status === 501 ? null : "away",
      problem: message("model.unavailable", named),
    };
  }
  if (status >= 300 && status < 400) {
    return {
      errorType: "InvokeBadRequestError",
      retryable: false,
      verdict: "refused",
      problem: message("model.redirected", named),
    };
  }
  return {
    errorType: "InvokeBadRequestError",
    retryable: false,
    verdict: status === 404 ? "refused" : null,
    problem: message(status === 404 ? "model.not-found" : "model.bad-request", named),
  };
};

const unreadable = ({ name, model }: Named): Verdict => ({
  errorType: "InvokeServerUnavailableError",
  retryable: true,
  verdict: "away",
  problem: message("model.unreadable", { name, model }),
});

const byNature = (error: unknown, named: Named): Verdict => {
  const { name, model } = named;
  const codes = codesOf(error);
  if (codes.some((code) => CERTIFICATE.test(code))) {
    return {
      errorType: "InvokeConnectionError",
      retryable: false,
      verdict: "refused",
      problem: message("model.untrusted", { name, model }),
    };
  }
  if (codes.some((code) => NETWORK.test(code))) {
    return {
      errorType: "InvokeConnectionError",
      retryable: true,
      verdict: "away",
      problem: message("model.unreachable", { name, model }),
    };
  }
  const stream = StreamError.safeParse(error);
  if (stream.success && contextLimitIn(stream.data.message) !== null)
    return byStatus(400, stream.data.message, named);
  if (APICallError.isInstance(error)) return unreadable(named);
  if (stream.success && stream.data.statusCode !== undefined) {
    return byStatus(stream.data.statusCode, stream.data.message, named);
  }
  if (stream.success && stream.data.isRetryable !== undefined) {
    return { ...unreadable(named), problem: message("model.stream-error", { name, model }) };
  }
  return unreadable(named);
};

/** The limits under the names that settings have for them. */
const TIMEOUT_KEYS: Readonly<Record<AttemptTimeout["limit"], string>> = {
  firstTokenMs: "first_token",
  idleMs: "idle",
  totalMs: "total",
};

const classify = (error: unknown, named: Named): Verdict => {
  const { name, model } = named;
  if (error instanceof AttemptTimeout) {
    const { ms } = error;
    return {
      errorType: "InvokeConnectionError",
      retryable: true,
      verdict: "away",
      problem: message("model.timed-out", { name, model, ms, limit: TIMEOUT_KEYS[error.limit] }),
    };
  }
  // An answer that ends without a word is often one to this prompt alone.
  if (error instanceof BrokenAnswer)
    return {
      ...unreadable(named),
      problem: message(`model.${error.why}`, { name, model }),
      verdict: error.isEmpty ? null : "away",
    };
  if (!APICallError.isInstance(error)) return byNature(error, named);
  if (error.statusCode === undefined) return byNature(error, named);
  const said = `${error.message} ${error.responseBody ?? ""}`;
  return error.statusCode < 300 ? byNature(error, named) : byStatus(error.statusCode, said, named);
};

/** What the server said in its own words; the empty text where it said nothing. */
const saidBy = (error: unknown, secrets: readonly Secret[]): string =>
  error instanceof AttemptTimeout || error instanceof BrokenAnswer ? "" : scrub(textOf(error), secrets);

/** The server's own words: the body where it states a message, for the SDK knows the form of some only. */
const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return StreamError.safeParse(error).data?.message ?? "";
  const body = APICallError.isInstance(error) ? (error.responseBody ?? "").trim() : "";
  return /^[{[<]/.test(body) && body.length > MIN_STATED ? body : error.message;
};

/** `{}` and the like state nothing. */
const MIN_STATED = 4;

/** A failure with the pause that is asked for and with what the server said. */
const inFull = (failure: Message, pauseMs: number | null, said: string): Message =>
  pauseMs === null && said === ""
    ? failure
    : message("model.failure", {
        failure,
        seconds: pauseMs === null ? "none" : String(Math.ceil(pauseMs / 1_000)),
        said: said === "" ? "none" : said,
      });

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
  const { problem, errorType, retryable, contextLimit, verdict } = classify(error, model);
  const api = APICallError.isInstance(error) ? error : null;
  const status = api?.statusCode ?? 0;
  const refusal = api === null ? "" : `${api.message} ${api.responseBody ?? ""}`;
  const isRefusal =
    contextLimit === undefined && errorType !== "InvokeAuthorizationError" && isOfRequest(status, refusal);
  const retryAfterMs =
    api === null ? null : readRetryAfter(api.responseHeaders ?? {}, api.responseBody ?? "", nowMs);
  return {
    errorType,
    retryable: retryable && !isRefusal,
    verdict: isRefusal ? null : verdict,
    problem: inFull(problem, retryable ? retryAfterMs : null, saidBy(error, secretsOf(model))),
    retryAfterMs,
    isRefusal,
    ...(refusal === "" ? {} : { refusal }),
    ...(error instanceof BrokenAnswer && error.isEmpty ? { isEmptyAnswer: true } : {}),
    ...(contextLimit === undefined ? {} : { contextLimit }),
  };
};

/**
 * The failure of a call with tools at a server, or a model, that takes none; null for every other one. It is final: without
 * its tools the request would be another one.
 */
export const toolsRefused = (
  error: unknown,
  model: ModelEndpoint & { readonly name: string },
): ModelFailure | null => {
  if (!APICallError.isInstance(error) || (error.statusCode ?? 0) < 400) return null;
  if (!NO_TOOLS.test(`${error.message} ${error.responseBody ?? ""}`)) return null;
  const problem = message("model.no-tools", { name: model.name, model: model.model });
  return {
    errorType: "InvokeBadRequestError",
    problem: inFull(problem, null, saidBy(error, secretsOf(model))),
    retryable: false,
    retryAfterMs: null,
    isRefusal: false,
    verdict: null,
  };
};

const REFUSALS: ReadonlySet<number> = new Set([400, 422, 501]);

/**
 * Servers and models that take no tools: Ollama ("does not support tools"), vLLM without a parser ("\"auto\" tool choice
 * requires --enable-auto-tool-choice"), llama-server without its templates ("tools param requires --jinja flag"),
 * OpenRouter ("No endpoints found that support tool use"), OpenAI's models without functions, LiteLLM
 * ("does not support parameters: ['tools']"), Mistral and others ("Extra inputs are not permitted", at `tools`).
 */
const NO_TOOLS =
  /(?:not|n't) support\w* (?:the )?(?:parameters?:? ?)?[['"`]*(?:tools?|tool_?choice|tool[ _]?(?:use|call\w*)|functions?|function[ _]call\w*)\b|tool choice requires --|tools param requires|no endpoints found that support tool|(?:tools|tool_choice|functions?|function calling)['"`]*\]? (?:is|are) not (?:supported|enabled|permitted|available)|unrecognized request argument supplied: (?:tools|tool_choice|functions)|(?:["'](?:tools|tool_choice)["']\s*\][^{}]{0,80}extra inputs are not permitted)/i;

/**
 * Refusals that some servers give with status 500: llama-cpp-python those of a response format, llama-server what a
 * chat template says ("Jinja Exception: System role not supported") and images ("image input is not supported - hint: …
 * mmproj"), LiteLLM what another server refused it.
 */
const NAMED_WITH_500 =
  /should be 'text' or 'json_object'|response_?format|json_?schema|jinja|chat template|system role|roles must alternate|image input|mmproj|unsupported (?:parameter|value)|(?:does not|doesn't) support param/i;

const isOfRequest = (status: number, refusal: string): boolean =>
  !FILTERED.test(refusal) && (REFUSALS.has(status) || (status === 500 && NAMED_WITH_500.test(refusal)));

/** A prompt that a filter stopped is refused for what it is about: no part of the request can be left out. */
const FILTERED = /content[_ ]?(?:filter|management polic)|ResponsibleAIPolicy/i;
