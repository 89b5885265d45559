import { z } from "zod";
import { BodyTooLarge, readBoundedText } from "../base/bounded-body.ts";
import { describeError, type FailureDetails } from "../base/errors.ts";
import { type Json, parseJson } from "../base/json.ts";
import type { Secret } from "../base/secret.ts";
import type { Config } from "../config/config.ts";
import { API_PATH } from "../http/api/api.ts";
import { isLoopback } from "../http/dashboard/access.ts";
import { type Message, message } from "../messages/message.ts";
import { findAdminToken } from "./admin-token.ts";
import { CommandError } from "./command-error.ts";

/** The running server did not answer as asked; `status` is null where there was no answer at all. */
export class ServerError extends CommandError {
  readonly status: number | null;

  constructor(what: Message, details: FailureDetails & { readonly status: number | null }) {
    super(what, details);
    this.status = details.status;
  }
}

/**
 * Asks the running server, which has its store to itself. Paths are below the API's. Failures are
 * ServerErrors: `server-unreachable` (nobody listens there), `server-not-ours` (somebody else does),
 * `admin-token-wrong` and `admin-token-not-set`, and else the code that the server gave.
 */
export type ServerClient = {
  /** Where it is asked. */
  readonly url: string;
  readonly get: <T>(path: string, answer: z.ZodType<T>) => Promise<T>;
  readonly send: <T>(
    method: "POST" | "PUT" | "DELETE",
    path: string,
    body: Json,
    answer: z.ZodType<T>,
  ) => Promise<T>;
};

/** How the server is found and called. */
export type ServerClientOptions = {
  /** Its address; the configured host and port on this machine when left out. */
  readonly server?: string | undefined;
  /** In milliseconds; ten seconds when left out. */
  readonly timeoutMs?: number;
};

/** What of the configuration says where the server is, and its admin token. */
export type ServerConfig = Pick<Config, "server" | "dashboard" | "store">;

/**
 * Where the server of a configuration is asked, and with which admin token. The one in the data folder is for
 * the server on this machine, and sent nowhere else.
 */
export const findServer = (
  config: ServerConfig,
  named: string | undefined,
): { readonly url: string; readonly adminToken: Secret | null } => {
  const url = (named ?? localAddress(config.server)).replace(/\/+$/, "");
  const isHere = named === undefined || isLoopback(URL.parse(url)?.host ?? "");
  return { url, adminToken: isHere ? findAdminToken(config) : config.dashboard.adminToken };
};

/** A client for the server of a configuration, with the admin token of the same. */
export const openServerClient = (
  config: ServerConfig,
  { server, timeoutMs = 10_000 }: ServerClientOptions = {},
): ServerClient => {
  const { url, adminToken } = findServer(config, server);
  const call = async <T>(path: string, init: RequestInit, answer: z.ZodType<T>): Promise<T> => {
    const response = await request(url, path, {
      ...init,
      headers: {
        accept: "application/json",
        ...(init.body === undefined ? {} : { "content-type": "application/json" }),
        ...(adminToken === null ? {} : { authorization: `Bearer ${adminToken.reveal()}` }),
      },
      // The token must not follow a redirect to somebody else.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const parsed = response.status === 200 ? answer.safeParse(response.body) : null;
    if (parsed?.success === true) return parsed.data;
    throw refusalOf(url, response, adminToken !== null);
  };
  return {
    url,
    get: (path, answer) => call(path, { method: "GET" }, answer),
    send: (method, path, body, answer) => call(path, { method, body: JSON.stringify(body) }, answer),
  };
};

/** Whether nobody listens where the server should be. */
export const isServerDown = (error: unknown): boolean => isServerError(error, "server-unreachable");

/** Whether the server refused with this code. */
export const isServerError = (error: unknown, code: string): boolean =>
  error instanceof ServerError && error.code === code;

/** A server that listens everywhere listens on loopback, too. */
const localAddress = ({ host, port }: Config["server"]): string => {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
};

type Answered = { readonly status: number; readonly body: unknown };

/** In bytes: more than the API says of all runs, lessons or settings. */
const MAX_ANSWER_BYTES = 16 * 2 ** 20;

const request = async (url: string, path: string, init: RequestInit): Promise<Answered> => {
  const target = URL.parse(`${url}${API_PATH}${path}`);
  if (target === null || !/^https?:$/.test(target.protocol)) {
    const what = message("cli.server.address-invalid", { url });
    throw new ServerError(what, { code: "server-address-invalid", status: null });
  }
  let status: number | null = null;
  try {
    const response = await fetch(target, init);
    status = response.status;
    return { status, body: parseJson(await readBoundedText(response.body, MAX_ANSWER_BYTES)) };
  } catch (cause) {
    if (cause instanceof BodyTooLarge && status !== null) throw refusalOf(url, { status, body: null }, false);
    const problem = describeError(cause instanceof Error && cause.cause !== undefined ? cause.cause : cause);
    const what = message("cli.server.unreachable", { url, problem });
    throw new ServerError(what, { code: "server-unreachable", retryable: true, status: null, cause });
  }
};

const Problem = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

const refusalOf = (url: string, { status, body }: Answered, hasToken: boolean): ServerError => {
  const answer = Problem.safeParse(body);
  const problem = problemOfAnswer(body);
  if (!answer.success || problem === null) {
    const what = message("cli.server.not-ours", { url, status });
    return new ServerError(what, { code: "server-not-ours", status });
  }
  const { code } = answer.data.error;
  const details = { code, retryable: status === 429 || status >= 500, status };
  return new ServerError(explain(url, code, problem, hasToken), details);
};

/** What the server refuses with a code of its own that has a sentence here. */
const REFUSALS: Readonly<Record<string, Message>> = {
  "lessons-off": message("cli.lessons.disabled"),
  "lessons-too-long": message("done.lessons-too-long"),
  "lessons-changed": message("cli.lessons.changed"),
  "shadow-unknown": message("shadow.done.shadow-unknown"),
  "shadow-promoted": message("shadow.done.shadow-promoted"),
  "shadow-nothing-to-undo": message("shadow.done.shadow-nothing-to-undo"),
  "shadow-unchanged": message("shadow.done.shadow-unchanged"),
  "too-many-attempts": message("sign-in.limited"),
  "admin-token-not-set": message("cli.server.this-machine-only"),
  "admin-token-wrong": message("cli.server.token-refused"),
  "backup-not-embedded": message("cli.backup.postgres"),
  "outage-unknown": message("cli.server.outage-unknown"),
  "route-unknown": message("cli.server.route-unknown"),
  internal: message("cli.server.internal"),
};

/**
 * What the API's answer says is wrong: in the reader's language where its code is known here, in its own words where
 * it is not; null where it is no such answer. All failures of its store are one to whoever is elsewhere.
 */
export const problemOfAnswer = (body: unknown): Message | string | null => {
  const problem = Problem.safeParse(body);
  if (!problem.success) return null;
  const { code, message: answer } = problem.data.error;
  return code.startsWith("store-") ? message("cli.server.store-unavailable") : (REFUSALS[code] ?? answer);
};

const explain = (url: string, code: string, problem: Message | string, hasToken: boolean): Message => {
  if (code !== "admin-token-wrong") return message("cli.server.refused", { url, problem });
  return message(hasToken ? "cli.server.token-wrong" : "cli.server.token-missing", { url });
};
