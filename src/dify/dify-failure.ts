import { DifyError } from "../base/errors.ts";
import { readableFailure } from "../review/readable-failure.ts";
import { isTransientFailure, pauseAskedFor } from "../base/transient-failure.ts";
import type { DifyErrorBody } from "./schema.ts";

/** Codes that say that waiting is all it takes, whatever the status. */
const RETRY_CODES = new Set(["too_many_requests", "internal_server_error", "service_unavailable"]);

const ADVICE: Readonly<Record<string, string>> = {
  unauthorized: "set the Dify API key of this flow (DIFY_API_KEY) to a valid key of the app",
  forbidden: "allow the Dify API key of this flow (DIFY_API_KEY) to use this app",
  not_workflow_app: "point the Dify API key (DIFY_API_KEY) at an app of the kind workflow",
  app_unavailable: "publish the app in Dify and check that its API is enabled",
  provider_not_initialize: "set up the credentials of the model's provider in Dify",
  provider_quota_exceeded: "raise the quota of the model's provider in Dify",
  model_currently_not_support: "choose another model in the flow's LLM node",
  completion_request_error: "look at the model's settings in the flow's LLM node",
  input_invalid: "check the flow's inputs in the configuration against those that its start node declares",
  invalid_param: "check the flow's inputs in the configuration against those that its start node declares",
  bad_request: "check the configured workflow id and the flow's inputs",
  not_found: "check the Dify address (DIFY_URL), the workflow id and the API key",
  rate_limit_error: "the quota of the model's provider or of the Dify plan is used up: raise it or wait",
  too_many_requests:
    "Dify runs as many runs of this app at once as it allows; it is tried again. In streaming mode a limit of N allows N-1 runs",
  rejected_by_proxy: "check what stands in front of Dify (DIFY_URL)",
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
  const limit = /\bconcurrent requests allowed for .* is (\d+)\./.exec(error.message)?.[1];
  return limit === undefined ? null : Number(limit);
};

/** What `invalid_param` covers besides inputs, by Dify's words for it. */
const adviceByMessage = (message: string): string | undefined => {
  if (/not published/i.test(message)) return "publish the workflow in Dify: Publish, then Publish Update";
  if (/^model .{1,200} not exist/i.test(message))
    return "install the plugin of the model's provider in Dify and set it up, or choose another model in the flow's LLM node";
  return undefined;
};

/**
 * A failure that Dify named, in an error answer or in an `error` frame of a stream (status 0 when it gave
 * none). `too_many_requests` (the app's concurrency) is worth a retry and costs no attempt, `rate_limit_error`
 * (a quota) is not; of a model's failure that depends on what its server reports (see isTransientFailure).
 */
export const failureFromDify = (
  what: string,
  body: DifyErrorBody,
  answer: { readonly status: number; readonly retryAfterMs?: number | undefined },
): DifyError => {
  const code = codeOf(body, answer.status);
  const message = readableFailure(body.message);
  const stated = message === "" ? "" : `: ${message}`;
  if (code === MODEL_FAILED && isTransientFailure(message)) {
    return new DifyError(
      `A model in Dify did not answer ${what} (${answer.status || "no status"} ${code})${stated}; it is asked again later`,
      {
        code: MODEL_BUSY,
        status: answer.status === 0 ? null : answer.status,
        retryable: true,
        retryAfterMs: answer.retryAfterMs ?? pauseAskedFor(message),
      },
    );
  }
  const advice = adviceByMessage(message) ?? ADVICE[code] ?? ADVICE[STATUS_CODES[answer.status] ?? ""];
  return new DifyError(
    `Dify refused ${what} (${answer.status || "no status"} ${code})${stated}${advice === undefined ? "" : `; ${advice}`}`,
    {
      code: ownCode(code),
      status: answer.status === 0 ? null : answer.status,
      retryable: isRetryableAnswer(code, answer.status),
      retryAfterMs: answer.retryAfterMs,
      untried: code === "too_many_requests",
    },
  );
};

/** An error answer without Dify's envelope: a proxy's page, or not Dify at all. Its text is not repeated. */
export const failureWithoutEnvelope = (
  what: string,
  answer: { readonly status: number; readonly retryAfterMs?: number | undefined },
): DifyError => {
  const redirected = answer.status >= 300 && answer.status < 400;
  const advice = redirected
    ? "set DIFY_URL to the address that it redirects to; redirects are not followed, the key would go along"
    : (ADVICE[STATUS_CODES[answer.status] ?? "rejected_by_proxy"] ?? "");
  return new DifyError(`Dify's address answered ${what} with ${answer.status}; ${advice}`, {
    code: redirected ? "dify-redirected" : `dify-http-${answer.status}`,
    status: answer.status,
    retryable: isRetryableAnswer("", answer.status),
    retryAfterMs: answer.retryAfterMs,
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
export const failureOfConnection = (what: string, cause: unknown): ConnectionFailure => {
  const codes = codesOf(cause);
  const untrusted = codes.find((code) => UNTRUSTED.test(code));
  const neverSent = untrusted !== undefined || codes.some((code) => NEVER_SENT.has(code));
  const name = codes[0] ?? "connection broke";
  if (untrusted !== undefined) {
    const message = `Dify's certificate is not trusted (${untrusted}); check DIFY_URL or give its authority by NODE_EXTRA_CA_CERTS`;
    return {
      neverSent,
      error: new DifyError(message, { code: "dify-untrusted", status: null, retryable: false, cause }),
    };
  }
  const message = neverSent
    ? `Dify cannot be reached (${name}); check DIFY_URL and that Dify is running`
    : `The connection to Dify broke during ${what} (${name})`;
  return {
    neverSent,
    error: new DifyError(message, {
      code: neverSent ? "dify-unreachable" : "dify-connection-lost",
      status: null,
      retryable: true,
      cause,
    }),
  };
};
