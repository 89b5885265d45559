import type { Dispatcher } from "undici";
import request from "undici/lib/api/api-request.js";
import type { z } from "zod";
import { readBoundedText } from "../base/bounded-body.ts";
import type { CallGate } from "../base/call-gate.ts";
import type { Clock } from "../base/clock.ts";
import { createDispatcher } from "../base/dispatcher.ts";
import { DifyError, StoreError } from "../base/errors.ts";
import { sendBehindFence } from "../base/fence.ts";
import { parseJson } from "../base/json.ts";
import type { Secret } from "../base/secret.ts";
import { message } from "../messages/message.ts";
import {
  failureFromDify,
  failureOfConnection,
  failureWithoutEnvelope,
  type ConnectionFailure,
} from "./dify-failure.ts";
import { DifyErrorBody } from "./schema.ts";

/** Where Dify is and how long it may keep us waiting; all times in milliseconds. */
export type DifyTransportOptions = {
  /** Dify's address, with or without `/v1`. */
  readonly baseUrl: string;
  readonly apiKey: Secret;
  readonly connectMs: number;
  /** Until the first byte of an answer; a call may bring its own limit. */
  readonly answerMs: number;
  readonly clock: Clock;
  /** What every request but a stop passes, so that all who use this server keep to its limits together. */
  readonly gate?: CallGate;
};

/** The longest pause that a request waits for, in milliseconds; after a longer one it is tried another time. */
const MAX_PAUSE_MS = 30_000;

/** The connection failed; `neverSent` says whether the request certainly never reached Dify. */
export class DifyConnectionError extends DifyError {
  readonly neverSent: boolean;

  constructor({ error, neverSent }: ConnectionFailure) {
    super(error.what, {
      code: error.code,
      status: null,
      retryable: error.retryable,
      cause: error.cause,
    });
    this.name = "DifyError";
    this.neverSent = neverSent;
  }
}

/** The body of an event stream. Destroy it to let go of the connection. */
export type DifyStream = AsyncIterable<Uint8Array> & { readonly destroy: () => void };

/** Dify's address without `/v1` and without a slash at its end; people give it either way. */
export const normaliseBaseUrl = (baseUrl: string): string =>
  baseUrl.trim().replace(/\/+$/, "").replace(/\/v1$/, "");

const retryAfterMs = (header: string | string[] | undefined, nowMs: number): number | undefined => {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined || text.trim() === "") return undefined;
  const seconds = Number(text);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined;
};

/** One request. */
type DifyCall = {
  /** Its path without ids, as messages name it. */
  readonly route: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly answerMs?: number;
  /** Whether it is sent although Dify asked for a pause. */
  readonly urgent?: true;
  readonly signal?: AbortSignal | undefined;
};

/** A request as messages name it. */
const nameOf = ({ method, route }: DifyCall): string => `${method} ${route}`;

/** Sends requests to Dify; throws DifyError, or the signal's reason. */
export type DifyTransport = {
  readonly stream: (call: DifyCall) => Promise<DifyStream>;
  readonly json: <T>(call: DifyCall, schema: z.ZodType<T>) => Promise<T>;
  /** For answers that say nothing. */
  readonly bare: (call: DifyCall) => Promise<void>;
  /** The server's version, from the header `X-Version` of its newest answer; null before one had it. */
  readonly version: () => string | null;
};

/** Many times what a flow gives out at most, in bytes. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Talks to Dify. Each request has its own connection: a stale one would leave a run's fate unknown. */
export const createDifyTransport = (options: DifyTransportOptions): DifyTransport => {
  const root = normaliseBaseUrl(options.baseUrl);
  const agent = createDispatcher({
    pipelining: 0,
    bodyTimeout: 0,
    connect: { timeout: options.connectMs },
  });

  let version: string | null = null;

  const send = async (call: DifyCall): Promise<Dispatcher.ResponseData> => {
    call.signal?.throwIfAborted();
    if (call.urgent !== true) await passGate(call, options.gate);
    const { origin, pathname, search } = new URL(`${root}/v1${call.path}`);
    const ask = (dispatcher: Dispatcher): Promise<Dispatcher.ResponseData> =>
      request.call(dispatcher, {
        origin,
        path: `${pathname}${search}`,
        method: call.method,
        headersTimeout: call.answerMs ?? options.answerMs,
        signal: call.signal ?? null,
        headers: {
          authorization: `Bearer ${options.apiKey.reveal()}`,
          ...(call.body === undefined ? {} : { "content-type": "application/json" }),
        },
        body: call.body === undefined ? null : JSON.stringify(call.body),
      });
    try {
      const answer = await (call.method === "GET" ? ask(agent) : sendBehindFence(agent, ask));
      const header = answer.headers["x-version"];
      if (typeof header === "string") version = header;
      return answer;
    } catch (error) {
      call.signal?.throwIfAborted();
      if (error instanceof StoreError) throw error;
      throw new DifyConnectionError(failureOfConnection(nameOf(call), error));
    }
  };
  const readText = async (call: DifyCall, answer: Dispatcher.ResponseData): Promise<string> => {
    try {
      return await withDeadline(
        readBoundedText(answer.body, MAX_ANSWER_BYTES),
        call.answerMs ?? options.answerMs,
      );
    } catch (error) {
      call.signal?.throwIfAborted();
      answer.body.on("error", () => undefined).destroy();
      throw new DifyConnectionError(failureOfConnection(nameOf(call), error));
    }
  };
  const accepted = async (call: DifyCall): Promise<Dispatcher.ResponseData> => {
    const answer = await send(call);
    if (answer.statusCode === 200 || answer.statusCode === 204) return answer;
    const waitMs = retryAfterMs(answer.headers["retry-after"], options.clock.now());
    if (answer.statusCode === 429 && waitMs !== undefined) options.gate?.holdOff(waitMs);
    const body = parseJson(await readText(call, answer));
    const facts = { status: answer.statusCode, retryAfterMs: waitMs };
    throw body !== null && typeof body === "object" && "code" in body
      ? failureFromDify(nameOf(call), DifyErrorBody.parse(body), facts)
      : failureWithoutEnvelope(nameOf(call), facts);
  };
  const json = async <T>(call: DifyCall, schema: z.ZodType<T>): Promise<T> => {
    const parsed = schema.safeParse(parseJson(await readText(call, await accepted(call))));
    if (parsed.success) return parsed.data;
    throw notDify(nameOf(call));
  };
  const stream = async (call: DifyCall): Promise<DifyStream> => streamOf(nameOf(call), await accepted(call));
  const bare = async (call: DifyCall): Promise<void> => {
    await readText(call, await accepted(call));
  };
  return { stream, json, bare, version: () => version };
};

/** Throws DifyError where Dify wants a longer pause than we bear; nothing was sent then. */
const passGate = async (call: DifyCall, gate: CallGate | undefined): Promise<void> => {
  const passed = await gate?.pass({ maxWaitMs: MAX_PAUSE_MS, signal: call.signal });
  if (passed?.kind !== "later") return;
  throw new DifyError(
    message("dify.pause", { call: nameOf(call), seconds: Math.ceil(passed.waitMs / 1_000) }),
    { code: "dify-paused", status: 429, retryable: true, retryAfterMs: passed.waitMs, untried: true },
  );
};

/** The code of an answer that is none of Dify's. */
export const NOT_UNDERSTOOD = "dify-answer-not-understood";

const notDify = (call: string): DifyError =>
  new DifyError(message("dify.not-dify", { call }), { code: NOT_UNDERSTOOD, status: 200, retryable: false });

const streamOf = (call: string, answer: Dispatcher.ResponseData): DifyStream => {
  // A stream that is aborted reports it to whoever reads; nobody may be reading at that moment.
  answer.body.on("error", () => undefined);
  if (String(answer.headers["content-type"]).startsWith("text/event-stream")) return answer.body;
  answer.body.destroy();
  throw notDify(call);
};

const withDeadline = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the answer did not end in time")), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};
