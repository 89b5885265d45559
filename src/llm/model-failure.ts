import { APICallError } from "ai";
import { z } from "zod";
import type { Secret } from "../base/secret.ts";
import type { ModelEndpoint } from "./model-options.ts";
import { readRetryAfter } from "./retry-after.ts";
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
  /** Whether the model was not asked at all. */
  readonly untried?: true;
};

/** The failure of a call that is not made because the model failed again and again. */
export const leftAlone = (name: string, waitMs: number): ModelFailure => ({
  errorType: "InvokeServerUnavailableError",
  message: `The model ${name} failed again and again and is left alone for another ${Math.ceil(waitMs / 1_000)} s; check models.${name} and that its server is running.`,
  retryable: true,
  retryAfterMs: waitMs,
  isRefusal: false,
  untried: true,
});

/** Whether a failure tells that the model's server does not work; one that is busy or refuses does. */
export const isModelOutage = ({ errorType, retryable }: ModelFailure): boolean =>
  retryable && (errorType === "InvokeServerUnavailableError" || errorType === "InvokeConnectionError");

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
export class BrokenAnswer extends Error {}

type Verdict = Omit<ModelFailure, "message" | "retryAfterMs" | "isRefusal" | "untried"> & {
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
      what: `was refused (HTTP ${status}); check ${at}.api_key and what the key may use`,
    };
  }
  if (status === 429) {
    const isSpent = !isTransientFailure(`HTTP 429 ${said}`);
    return {
      errorType: "InvokeRateLimitError",
      retryable: !isSpent,
      what: isSpent
        ? "has no quota left (HTTP 429); check the provider's billing"
        : "is asked too often (HTTP 429); lower the number of runs at a time or raise the provider's limit",
    };
  }
  if (status >= 500 || status === 408 || status === 409) {
    return {
      errorType: "InvokeServerUnavailableError",
      retryable: status !== 501,
      what: `is not available (HTTP ${status})`,
    };
  }
  if (status >= 300 && status < 400) {
    return {
      errorType: "InvokeBadRequestError",
      retryable: false,
      what: `redirects (HTTP ${status}), which is not followed; put the final address into ${at}.base_url`,
    };
  }
  const hint =
    status === 404 ? `check ${at}.model and ${at}.base_url` : `check ${at}.parameters and the flow's`;
  return {
    errorType: "InvokeBadRequestError",
    retryable: false,
    what: `does not take the request (HTTP ${status}); ${hint}`,
  };
};

const unreadable: Verdict = {
  errorType: "InvokeServerUnavailableError",
  retryable: true,
  what: "answered with something that cannot be read",
};

const byNature = (error: unknown, at: string): Verdict => {
  const codes = codesOf(error);
  if (codes.some((code) => CERTIFICATE.test(code))) {
    return {
      errorType: "InvokeConnectionError",
      retryable: false,
      what: `has a certificate that is not trusted; check ${at}.base_url, or name its authority by NODE_EXTRA_CA_CERTS`,
    };
  }
  if (codes.some((code) => NETWORK.test(code))) {
    return {
      errorType: "InvokeConnectionError",
      retryable: true,
      what: `cannot be reached or broke off; check ${at}.base_url and that the server runs`,
    };
  }
  const stream = StreamError.safeParse(error);
  if (APICallError.isInstance(error)) return unreadable;
  if (stream.success && stream.data.statusCode !== undefined) {
    return byStatus(stream.data.statusCode, stream.data.message, at);
  }
  if (stream.success && stream.data.isRetryable !== undefined) {
    return { ...unreadable, what: "reported an error in the middle of its answer" };
  }
  return unreadable;
};

const judge = (error: unknown, at: string): Verdict => {
  if (error instanceof AttemptTimeout) {
    const waited = error.limit === "totalMs" ? "did not finish" : "sent nothing";
    return {
      errorType: "InvokeConnectionError",
      retryable: true,
      what: `${waited} within ${error.ms} ms (${at}.timeouts.${error.limit})`,
    };
  }
  if (error instanceof BrokenAnswer) return { ...unreadable, what: error.message };
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
  const { what, errorType, retryable } = judge(error, at);
  const api = APICallError.isInstance(error) ? error : null;
  const status = api?.statusCode ?? 0;
  const retryAfterMs =
    api === null ? null : readRetryAfter(api.responseHeaders ?? {}, api.responseBody ?? "", nowMs);
  const pause =
    retryable && retryAfterMs !== null ? `; retry after ${Math.ceil(retryAfterMs / 1_000)} s` : "";
  return {
    errorType,
    retryable,
    message: `The model "${model.name}" (${model.model}) ${what}${pause}.${quote(error, secretsOf(model))}`,
    retryAfterMs,
    isRefusal:
      (status === 400 || status === 422 || status === 501) &&
      errorType !== "InvokeAuthorizationError" &&
      !/context.?(length|window)|too many tokens|maximum context/i.test(api?.message ?? ""),
  };
};
