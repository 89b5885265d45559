import { message } from "../messages/message.ts";
import type { Clock } from "../base/clock.ts";
import { type GitLabError, StoreError } from "../base/errors.ts";
import { type FetchDispatcher, fetchBehindFence } from "../base/fence.ts";
import type { Secret } from "../base/secret.ts";
import { type Answer, callOf, type CallContext, type GitLabRequest } from "./call.ts";
import { fail, ofGitLab, toConnectionError, toGitLabError } from "./failure.ts";
import { BodyTooLarge, readBounded } from "../base/bounded-body.ts";

/** Makes one attempt of one call. Throws GitLabError, or the reason of the request's signal. */
export type Transport = (
  request: GitLabRequest,
  context: CallContext,
  /** Told the headers of whatever answers, before a failure is thrown. */
  onAnswer?: (headers: Headers) => void,
) => Promise<Answer>;

/** How attempts are made. */
export type TransportOptions = {
  readonly baseUrl: string;
  readonly token: Secret;
  readonly userAgent: string;
  /** The longest that an attempt may take, its body included, in milliseconds. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly fetch: typeof globalThis.fetch;
};

/** Creates a transport over fetch. Redirects are failures: the token goes to the configured address only. */
export const createTransport =
  (options: TransportOptions): Transport =>
  async (request, context, onAnswer) => {
    request.signal?.throwIfAborted();
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
    const send = (dispatcher?: FetchDispatcher) => exchange(options, request, context, signal, dispatcher);
    const { ok, answer } = await (context.method === "GET" ? send() : fetchBehindFence(null, send)).catch(
      (error: unknown) => {
        request.signal?.throwIfAborted();
        if (error instanceof StoreError) throw error;
        throw translate(error, timeout.aborted, context, options.timeoutMs);
      },
    );
    onAnswer?.(answer.headers);
    if (ok) return answer;
    const text = new TextDecoder().decode(answer.body);
    throw toGitLabError(
      { status: answer.status, headers: answer.headers, text },
      context,
      options.clock.now(),
    );
  };

const exchange = async (
  options: TransportOptions,
  request: GitLabRequest,
  context: CallContext,
  signal: AbortSignal,
  dispatcher: FetchDispatcher | undefined,
): Promise<{ readonly ok: boolean; readonly answer: Answer }> => {
  const response = await options.fetch(buildUrl(options.baseUrl, request), {
    method: context.method,
    headers: {
      // The header for every kind of GitLab access token.
      "private-token": options.token.reveal(),
      "user-agent": options.userAgent,
      accept: "application/json, text/plain;q=0.9, */*;q=0.1",
      ...(request.body === undefined ? {} : { "content-type": "application/json" }),
    },
    redirect: "manual",
    signal,
    ...(dispatcher === undefined ? {} : { dispatcher }),
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
  const body = await readBounded(response.body, request.maxBytes ?? options.maxBytes);
  return { ok: response.ok, answer: { status: response.status, headers: response.headers, body } };
};

/** The address of a call; values are escaped, so that a path with slashes stays one segment. */
const buildUrl = (baseUrl: string, { route, params = {}, query = {} }: GitLabRequest): string => {
  const path = route.replaceAll(/:(\w+)/g, (name: string, key: string) =>
    params[key] === undefined ? name : encodeURIComponent(params[key]),
  );
  const pairs = Object.entries(query).map(([key, value]) => [key, String(value)]);
  const search = new URLSearchParams(pairs).toString();
  return `${baseUrl}/api/v4${path}${search === "" ? "" : `?${search}`}`;
};

const translate = (
  error: unknown,
  timedOut: boolean,
  context: CallContext,
  timeoutMs: number,
): GitLabError => {
  if (error instanceof BodyTooLarge)
    return fail(
      "gitlab-response-too-large",
      message("gitlab.too-large", { call: callOf(context), most: error.maxBytes }),
    );
  if (timedOut)
    return fail("gitlab-timeout", message("gitlab.no-answer", { call: callOf(context), ms: timeoutMs }), {
      retryable: true,
      cause: error,
      outside: ofGitLab(context.baseUrl, "away"),
    });
  return toConnectionError(error, context);
};
