import { DifyError } from "../base/errors.ts";
import { type Message, type MessageCode, message } from "../messages/message.ts";
import { readableFailure } from "../review/readable-failure.ts";
import { isTransientFailure, pauseAskedFor } from "../base/transient-failure.ts";
import type { DifyErrorBody } from "./schema.ts";

/** Codes that say that waiting is all it takes, whatever the status. */
const RETRY_CODES = new Set(["too_many_requests", "internal_server_error", "service_unavailable"]);

const ADVICE: Readonly<Record<string, MessageCode>> = {
  unauthorized: "dify.advice.unauthorized",
  forbidden: "dify.advice.forbidden",
  not_workflow_app: "dify.advice.not-workflow-app",
  app_unavailable: "dify.advice.app-unavailable",
  provider_not_initialize: "dify.advice.credentials",
  provider_quota_exceeded: "dify.advice.quota",
  model_currently_not_support: "dify.advice.other-model",
  completion_request_error: "dify.advice.model-settings",
  input_invalid: "dify.advice.inputs",
  invalid_param: "dify.advice.inputs",
  bad_request: "dify.advice.workflow-id",
  not_found: "dify.advice.not-found",
  rate_limit_error: "dify.advice.quota-used-up",
  too_many_requests: "dify.advice.at-once",
};

const STATUS_CODES: Readonly<Record<number, string>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  413: "file_too_large",
  415: "unsupported_file_type",
  429: "too_many_requests",
};

/** Dify's codes are snake_case; ours are kebab-case with the side that spoke in front. */
const ownCode = (code: string): string => `dify-${code.replaceAll("_", "-")}`;

/** Codes of what is the same at the next attempt, whatever the status. */
const FINAL_CODES = new Set(["rate_limit_error", "input_invalid"]);

/** The code that Dify gives to whatever a model's server answered. */
const MODEL_FAILED = "completion_request_error";

/** The code of a failure of the model behind Dify that passes by itself; it says nothing about Dify. */
export const MODEL_BUSY = "dify-model-overloaded";

const isRetryableAnswer = (code: string, status: number): boolean =>
  !FINAL_CODES.has(code) && (RETRY_CODES.has(code) || status === 408 || status === 429 || status >= 500);

/** In Dify's words: `diff is required in input form`, `title in input form must be less than 256 characters`. */
const INPUT_INVALID = /\bin input form\b/;

/**
 * The code that a failure is treated by. What Dify (seen on 1.14.2) tells by its message alone gets a code of its
 * own: an input that does not fit, which is `invalid_param`, or in a stream status 500 without a code; and an
 * app's concurrency limit, which is `invalid_param`, too.
 */
const codeOf = (body: DifyErrorBody, status: number): string => {
  if (INPUT_INVALID.test(body.message)) return "input_invalid";
  if (body.code === "invalid_param" && /^Too many requests\b/.test(body.message)) return "too_many_requests";
  return body.code === "unknown_error" ? (STATUS_CODES[status] ?? body.code) : body.code;
};

/** The concurrency limit that a refusal of Dify names, null for any other failure. */
export const concurrencyLimitOf = (error: DifyError): number | null => {
  if (error.code !== ownCode("too_many_requests")) return null;
  const limit = /\bconcurrent requests allowed for .* is (\d+)\./.exec(error.said)?.[1];
  return limit === undefined ? null : Number(limit);
};

/** What `invalid_param` covers besides inputs, by Dify's words for it. */
const adviceByMessage = (said: string): MessageCode | undefined => {
  if (/not published/i.test(said)) return "dify.advice.publish";
  return /^model .{1,200} not exist/i.test(said) ? "dify.advice.plugin" : undefined;
};

/** A failure with what Dify said and with what may be done; both may be missing. */
export const withAdvice = (failure: Message, said: string, advice: Message | null): Message =>
  said === "" && advice === null
    ? failure
    : message("dify.failure", {
        failure,
        said: said === "" ? "none" : said,
        advice: advice ?? "none",
      });

/** The advices have no parameters. */
const adviceOf = (code: MessageCode | undefined): Message | null =>
  code === undefined ? null : { code, params: {} };

/**
 * A failure that Dify named, in an error answer or in an `error` frame of a stream (status 0 when it gave
 * none). `too_many_requests` (the app's concurrency) is worth a retry and costs no attempt, `rate_limit_error`
 * (a quota) is not; of a model's failure that depends on what its server reports (see isTransientFailure).
 */
export const failureFromDify = (
  call: string,
  body: DifyErrorBody,
  given: { readonly status: number; readonly retryAfterMs?: number | undefined },
): DifyError => {
  const code = codeOf(body, given.status);
  const said = readableFailure(body.message);
  const status = given.status === 0 ? null : given.status;
  const answer = status === null ? code : `${status} ${code}`;
  if (code === MODEL_FAILED && isTransientFailure(said)) {
    const failure = message("dify.model-busy", { call, answer });
    return new DifyError(withAdvice(failure, said, message("dify.advice.asked-again")), {
      code: MODEL_BUSY,
      status,
      said,
      retryable: true,
      retryAfterMs: given.retryAfterMs ?? pauseAskedFor(said),
    });
  }
  const advice = adviceByMessage(said) ?? ADVICE[code] ?? ADVICE[STATUS_CODES[given.status] ?? ""];
  const failure = message("dify.rejected", { call, answer });
  return new DifyError(withAdvice(failure, said, adviceOf(advice)), {
    code: ownCode(code),
    status,
    said,
    retryable: isRetryableAnswer(code, given.status),
    retryAfterMs: given.retryAfterMs,
    untried: code === "too_many_requests",
  });
};

/** An error answer without Dify's envelope: a proxy's page, or not Dify at all. Its text is not repeated. */
export const failureWithoutEnvelope = (
  call: string,
  { status, retryAfterMs }: { readonly status: number; readonly retryAfterMs?: number | undefined },
): DifyError => {
  const redirected = status >= 300 && status < 400;
  const known = STATUS_CODES[status];
  const advice = redirected
    ? "dify.advice.redirect"
    : known === undefined
      ? "dify.advice.proxy"
      : ADVICE[known];
  return new DifyError(withAdvice(message("dify.answered", { call, status }), "", adviceOf(advice)), {
    code: redirected ? "dify-redirected" : `dify-http-${status}`,
    status,
    retryable: isRetryableAnswer("", status),
    retryAfterMs,
  });
};

/** Codes of connections that were never made: nothing of the request has left. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const UNTRUSTED = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL)/;

const codesOf = (error: unknown): readonly string[] => {
  if (!(error instanceof Error)) return [];
  const own = "code" in error && typeof error.code === "string" ? [error.code] : [];
  const inner = error instanceof AggregateError ? error.errors.flatMap(codesOf) : codesOf(error.cause);
  return [...own, ...inner];
};

/** A failure of the connection, and whether the request certainly never reached Dify. */
export type ConnectionFailure = { readonly error: DifyError; readonly neverSent: boolean };

/** Translates what the HTTP client threw. */
export const failureOfConnection = (call: string, cause: unknown): ConnectionFailure => {
  const codes = codesOf(cause);
  const untrusted = codes.find((code) => UNTRUSTED.test(code));
  const neverSent = untrusted !== undefined || codes.some((code) => NEVER_SENT.has(code));
  const error = untrusted ?? codes[0] ?? "–";
  const [what, code] =
    untrusted !== undefined
      ? ([message("dify.untrusted", { error }), "dify-untrusted"] as const)
      : neverSent
        ? ([message("dify.unreachable", { error }), "dify-unreachable"] as const)
        : ([message("dify.connection-lost", { call, error }), "dify-connection-lost"] as const);
  const retryable = untrusted === undefined;
  return { neverSent, error: new DifyError(what, { code, status: null, retryable, cause }) };
};
