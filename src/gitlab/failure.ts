import { type Message, message } from "../messages/message.ts";
import { z } from "zod";
import { GitLabError } from "../base/errors.ts";
import { parseJson } from "../base/json.ts";
import type { Outside } from "../base/outside.ts";
import { maskValues } from "../base/mask-values.ts";
import type { Secret } from "../base/secret.ts";
import { maskSecrets } from "../review/units/mask-secrets.ts";
import { FAILURE_FORMATS } from "../review/units/secret-formats.ts";
import { type CallContext, callOf } from "./call.ts";
import { readRetryHint } from "./retry-plan.ts";

/** Every code that a GitLabError of this room can carry. */
export type GitLabErrorCode =
  | "gitlab-unauthorized"
  | "gitlab-forbidden"
  | "gitlab-not-found"
  | "gitlab-invalid-request"
  | "gitlab-invalid-position"
  | "gitlab-conflict"
  | "gitlab-rate-limited"
  | "gitlab-unavailable"
  | "gitlab-timeout"
  | "gitlab-unreachable"
  | "gitlab-certificate"
  | "gitlab-redirected"
  | "gitlab-bad-response"
  | "gitlab-response-too-large"
  | "gitlab-diff-not-ready"
  | "gitlab-diff-moved"
  | "gitlab-diff-incomplete"
  | "gitlab-note-without-marker";

/** A failure with a code of ours; without details it had no answer and is final. */
export const fail = (
  code: GitLabErrorCode,
  what: Message,
  details: {
    readonly status?: number | null;
    readonly retryable?: boolean;
    readonly retryAfterMs?: number | undefined;
    readonly outside?: Outside | undefined;
    readonly cause?: unknown;
    readonly said?: string;
  } = {},
): GitLabError => new GitLabError(what, { ...details, code, status: details.status ?? null });

/** What a failure tells of GitLab at this address. */
export const ofGitLab = (baseUrl: string, verdict: Outside["verdict"]): Outside => ({
  peer: { kind: "gitlab", name: baseUrl },
  verdict,
});

/** A token that came with a delivery says nothing of the server's own: only its run fails by it. */
const ofToken = ({ baseUrl, isOwnToken }: CallContext): { readonly outside?: Outside } =>
  isOwnToken ? { outside: ofGitLab(baseUrl, "refused") } : {};

const Reason = z.object({
  message: z.unknown().optional(),
  error: z.unknown().optional(),
  error_description: z.string().optional().catch(undefined),
});

const MAX_REASON_LENGTH = 300;

/** Which call was answered with what, and GitLab's reason in its own words. */
const describeAnswer = (context: CallContext, status: number, reason: string | Message): Message => {
  const call = callOf(context);
  return reason === ""
    ? message("gitlab.answer", { call, status })
    : message("gitlab.answer-because", { call, status, reason });
};

/** Whether a body that should be JSON is a web page, such as the sign-in page of a proxy. */
export const isWebPage = (headers: Headers, text: string): boolean =>
  (headers.get("content-type") ?? "").includes("text/html") || /^\s*<(!doctype|html)/i.test(text);

/** What GitLab says in an error's body, in one short line that holds no token. */
const readReason = (text: string, token: Secret): string => {
  const body = Reason.safeParse(parseJson(text));
  const { message, error, error_description: description } = body.data ?? {};
  const said = body.success ? (description ?? message ?? error ?? "") : text;
  const line = (typeof said === "string" ? said : JSON.stringify(said))
    .replaceAll(/[\p{Cc}\s]+/gu, " ")
    .trim();
  return maskSecrets(maskValues([token])(line), FAILURE_FORMATS).text.slice(0, MAX_REASON_LENGTH);
};

/** How long one period of GitLab's limiters is, which older versions do not name in a 429. */
const LIMITER_PERIOD_MS = 60_000;

/** An answer of GitLab that is no success. */
export type FailedAnswer = { readonly status: number; readonly headers: Headers; readonly text: string };

/**
 * Translates an answer that is no success (a redirect included) to the error that it means. The message
 * names what to change and repeats GitLab's reason in short.
 */
export const toGitLabError = (failed: FailedAnswer, context: CallContext, nowMs: number): GitLabError => {
  const { status, headers, text } = failed;
  const isPage = isWebPage(headers, text);
  const said = isPage ? "" : readReason(text, context.token);
  const answer = describeAnswer(context, status, isPage ? message("gitlab.a-web-page") : said);
  const retryAfterMs = readRetryHint(headers, status, nowMs);
  if (status >= 300 && status < 400) return redirected(headers, status, context);
  if (status === 401) return unauthorized(said, answer, context);
  if (status === 403) return forbidden(said, answer, context);
  if (status === 404) return notFound(said, isPage, answer, context);
  if (status === 429)
    return fail("gitlab-rate-limited", message("gitlab.rate-limited", { answer }), {
      status,
      said,
      retryable: true,
      retryAfterMs: retryAfterMs ?? LIMITER_PERIOD_MS,
      outside: ofGitLab(context.baseUrl, "away"),
    });
  if (status === 408)
    return fail("gitlab-timeout", message("gitlab.timed-out", { answer }), {
      status,
      said,
      retryable: true,
      retryAfterMs,
      outside: ofGitLab(context.baseUrl, "busy"),
    });
  if (status === 409 || status === 423)
    return fail("gitlab-conflict", message("gitlab.conflict", { answer }), {
      status,
      said,
      retryable: true,
      retryAfterMs,
    });
  if (status >= 500)
    return fail("gitlab-unavailable", message("gitlab.failed", { answer }), {
      status,
      said,
      retryable: true,
      retryAfterMs,
      // An error within GitLab is often one of this request; a gateway speaks for all of it.
      outside: ofGitLab(context.baseUrl, status === 500 ? "busy" : "away"),
    });
  if (status === 400 && /line_code|position/.test(said))
    return fail("gitlab-invalid-position", message("gitlab.invalid-position", { answer }), { status, said });
  return fail("gitlab-invalid-request", message("gitlab.invalid-request", { answer }), { status, said });
};

const redirected = (headers: Headers, status: number, context: CallContext): GitLabError => {
  const { baseUrl } = context;
  const target = URL.parse(headers.get("location") ?? "", baseUrl);
  return fail(
    "gitlab-redirected",
    message("gitlab.redirected", { url: baseUrl, target: target === null ? "–" : target.origin }),
    { status, outside: ofGitLab(baseUrl, "refused") },
  );
};

const unauthorized = (said: string, answer: Message, context: CallContext): GitLabError => {
  const why = /expired/i.test(said) ? "expired" : /revoked/i.test(said) ? "revoked" : "refused";
  const what = message(`gitlab.token.${why}`, { token: context.tokenName, answer });
  return fail("gitlab-unauthorized", what, { status: 401, said, ...ofToken(context) });
};

const forbidden = (said: string, answer: Message, context: CallContext): GitLabError => {
  const lacksScope = /scope|higher privileges/i.test(said);
  const what = message(lacksScope ? "gitlab.scope-missing" : "gitlab.forbidden", {
    token: context.tokenName,
    answer,
  });
  return fail("gitlab-forbidden", what, {
    status: 403,
    said,
    ...(lacksScope ? ofToken(context) : {}),
  });
};

const notFound = (said: string, isElsewhere: boolean, answer: Message, context: CallContext): GitLabError => {
  const what = isElsewhere
    ? message("gitlab.no-api", { url: context.baseUrl, answer })
    : message("gitlab.not-found", { token: context.tokenName, answer });
  return fail("gitlab-not-found", what, {
    status: 404,
    said,
    ...(isElsewhere ? { outside: ofGitLab(context.baseUrl, "refused") } : {}),
  });
};

const hasCode = (value: unknown): value is { readonly code: string } =>
  typeof value === "object" && value !== null && "code" in value && typeof value.code === "string";

/** The system's or TLS's name of what went wrong, such as ECONNREFUSED, from a chain of causes. */
const findCode = (error: unknown): string => {
  if (hasCode(error)) return error.code;
  return error instanceof Error && error.cause !== undefined ? findCode(error.cause) : "";
};

/** The error for a connection that could not be made or broke. */
export const toConnectionError = (cause: unknown, context: CallContext): GitLabError => {
  const code = findCode(cause);
  const url = context.baseUrl;
  const error = code === "" ? "–" : code;
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code))
    return fail("gitlab-certificate", message("gitlab.certificate", { url, error }), {
      cause,
      outside: ofGitLab(context.baseUrl, "refused"),
    });
  return fail("gitlab-unreachable", message("gitlab.unreachable", { url, error, call: callOf(context) }), {
    cause,
    retryable: true,
    outside: ofGitLab(context.baseUrl, "away"),
  });
};
