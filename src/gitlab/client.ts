import { message } from "../messages/message.ts";
import type { z } from "zod";
import type { CallGate } from "../base/call-gate.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { ConfigError, GitLabError, problemAt } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import type { Secret } from "../base/secret.ts";
import { parseBaseUrl } from "./base-url.ts";
import {
  type Answer,
  type CallContext,
  type GitLabCall,
  type GitLabRequest,
  type Quota,
  readQuota,
} from "./call.ts";
import { decodeJson, decodeList } from "./decode.ts";
import { fail, ofGitLab } from "./failure.ts";
import { findNextPage } from "./pages.ts";
import { retryBy } from "../base/retry.ts";
import { planRetry } from "./retry-plan.ts";
import { type Transport, createTransport } from "./transport.ts";

/** How GitLab is reached. Times are in milliseconds. */
export type GitLabClientOptions = {
  /** GitLab's address, with the path that it lives under, if any. */
  readonly url: string;
  readonly token: Secret;
  /** What messages call the token; `GITLAB_TOKEN` when left out. */
  readonly tokenName?: string;
  /** False for a token that came with a delivery; true when left out. */
  readonly isOwnToken?: boolean;
  readonly userAgent?: string;
  /** The longest that one attempt may take, body included; 30,000 when left out. */
  readonly timeoutMs?: number;
  /** Attempts for a read, the first included; 4 when left out. */
  readonly maxAttempts?: number;
  /** The longest wait between attempts. A longer `Retry-After` is thrown to the caller. 30,000 when left out. */
  readonly maxWaitMs?: number;
  /** The most bytes of one answer; 32 MiB when left out. */
  readonly maxResponseBytes?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Numbers from 0 up to 1, for jitter. */
  readonly random?: () => number;
  readonly fetch?: typeof globalThis.fetch;
  /** What every attempt passes, so that all who use the token keep to its limits together; none when left out. */
  readonly gate?: CallGate;
  /** Called after every attempt that was not aborted; must not throw. */
  readonly onCall?: (call: GitLabCall) => void;
};

/**
 * GitLab's REST API. Everything that goes wrong is thrown as GitLabError; an aborted signal rejects with
 * its reason. Reads are retried, writes only where GitLab says that it did nothing (429).
 */
export type GitLabClient = {
  /** GitLab's address without a slash at its end. */
  readonly url: string;
  /**
   * How many milliseconds GitLab's clock is ahead of this machine's, as the `Date` of its newest answer told, to the
   * second; null until one did.
   */
  readonly clockAheadMs: () => number | null;
  readonly json: <Schema extends z.ZodType>(
    request: GitLabRequest,
    schema: Schema,
  ) => Promise<z.infer<Schema>>;
  /** The body as it is, for raw files and diffs. */
  readonly bytes: (request: GitLabRequest) => Promise<Uint8Array>;
  /** One page of a list; for the next one `next` is added to the query. */
  readonly page: <Schema extends z.ZodType>(
    request: GitLabRequest,
    schema: Schema,
  ) => Promise<GitLabPage<z.infer<Schema>>>;
  /** Every entry of a list, page by page as GitLab links them. */
  readonly pages: <Schema extends z.ZodType>(
    request: GitLabRequest,
    schema: Schema,
  ) => Promise<readonly z.infer<Schema>[]>;
};

/** A page of a list. */
type GitLabPage<Item> = {
  readonly items: readonly Item[];
  /** What to add to the query for the next page; null on the last one. */
  readonly next: Readonly<Record<string, string>> | null;
};

const MAX_WAIT_MS = 30_000;

/** More pages than any list of ours has; walking on would mean that GitLab leads us in a circle. */
const MAX_PAGES = 2_000;

/** What a `Date`, which tells whole seconds, and its way here cannot tell apart. */
const SAME_TIME_MS = 2_000;

/** Creates a client. Throws ConfigError when the address or the token cannot be used at all. */
export const createGitLabClient = (options: GitLabClientOptions): GitLabClient => {
  const url = parseBaseUrl(options.url);
  const tokenName = options.tokenName ?? "GITLAB_TOKEN";
  if (!/^[\x21-\x7e]+$/.test(options.token.reveal()))
    throw new ConfigError([problemAt(tokenName, message("config.not-a-token"))]);
  const { clock = systemClock } = options;
  const transport = createTransport({
    baseUrl: url,
    token: options.token,
    userAgent: options.userAgent ?? "reviewflow",
    timeoutMs: options.timeoutMs ?? 30_000,
    maxBytes: options.maxResponseBytes ?? 32 * 1024 * 1024,
    clock,
    fetch: options.fetch ?? globalThis.fetch,
  });
  let aheadMs: number | null = null;
  const onHeaders = (headers: Headers): void => {
    const told = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(told)) return;
    const ahead = told + 500 - clock.now();
    aheadMs = Math.abs(ahead) < SAME_TIME_MS ? 0 : ahead;
  };
  const perform = createPerform({ ...options, onHeaders }, transport, {
    baseUrl: url,
    token: options.token,
    tokenName,
    isOwnToken: options.isOwnToken ?? true,
  });
  const page: GitLabClient["page"] = (request, schema) =>
    perform(request, (answer, context) => ({
      items: decodeList(answer, schema, context),
      next: findNextPage(answer.headers),
    }));
  return {
    url,
    clockAheadMs: () => aheadMs,
    page,
    json: (request, schema) => perform(request, (answer, context) => decodeJson(answer, schema, context)),
    bytes: (request) => perform(request, (answer) => answer.body),
    pages: async (request, schema) => {
      const entries: z.infer<typeof schema>[] = [];
      let query = request.query ?? {};
      for (let count = 0; count < MAX_PAGES; count += 1) {
        const { items, next } = await page({ ...request, query }, schema);
        entries.push(...items);
        if (next === null) return entries;
        query = { ...query, ...next };
      }
      throw fail(
        "gitlab-bad-response",
        message("gitlab.too-many-pages", { call: `GET ${request.route}`, most: MAX_PAGES }),
      );
    },
  };
};

type Perform = <Value>(
  request: GitLabRequest,
  decode: (answer: Answer, context: CallContext) => Value,
) => Promise<Value>;

/** Waits until one attempt may be made. Throws GitLabError where GitLab wants a longer pause than we bear. */
const passGate = async (
  { gate, maxWaitMs = MAX_WAIT_MS }: GitLabClientOptions,
  { method, route, tokenName, baseUrl }: CallContext,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const passed = await gate?.pass({ maxWaitMs, signal });
  if (passed?.kind !== "later") return;
  const seconds = Math.ceil(passed.waitMs / 1_000);
  throw fail(
    "gitlab-rate-limited",
    message("gitlab.pause", { call: `${method} ${route}`, token: tokenName, seconds }),
    {
      status: 429,
      retryable: true,
      retryAfterMs: passed.waitMs,
      outside: ofGitLab(baseUrl, "away"),
    },
  );
};

/** Makes calls with retries; what cannot be decoded counts as a failure of the call. */
const createPerform = (
  options: GitLabClientOptions & { readonly onHeaders: (headers: Headers) => void },
  transport: Transport,
  shared: Pick<CallContext, "baseUrl" | "token" | "tokenName" | "isOwnToken">,
): Perform => {
  const { clock = systemClock, logger = silentLogger, random = Math.random, onCall } = options;
  return async (request, decode) => {
    const { method = "GET", route } = request;
    const context = { ...shared, method, route };
    const attemptOnce = async (attempt: number) => {
      await passGate(options, context, request.signal);
      const startedMs = clock.now();
      let quota: Quota | null = null;
      const report = (status: number | null, code: string | null) =>
        onCall?.({ method, route, status, code, durationMs: clock.now() - startedMs, attempt, quota });
      try {
        const answer = await transport(request, context, (headers) => {
          quota = readQuota(headers);
          options.onHeaders(headers);
        });
        const value = decode(answer, context);
        report(answer.status, null);
        return value;
      } catch (error) {
        if (!(error instanceof GitLabError)) throw error;
        report(error.status, error.code);
        if (error.status === 429 && error.retryAfterMs !== undefined)
          options.gate?.holdOff(error.retryAfterMs);
        throw error;
      }
    };
    const { maxAttempts = 4, maxWaitMs = MAX_WAIT_MS } = options;
    const pauseMs = (error: unknown, attempt: number): number | null => {
      if (!(error instanceof GitLabError)) return null;
      const waitMs = planRetry(error, { method, attempt, maxAttempts, maxWaitMs, random });
      if (waitMs === null) return null;
      const { status, code } = error;
      logger.warn(
        { method, route, status, code, attempt, waitMs: Math.round(waitMs) },
        "GitLab call failed, trying again",
      );
      return waitMs;
    };
    return retryBy(attemptOnce, { pauseMs, clock, signal: request.signal });
  };
};
