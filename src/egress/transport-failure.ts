import type { NodeFailure } from "../flow/ports.ts";
import { BodyTooLarge } from "../base/bounded-body.ts";
import { UndecodableResponse } from "./unpacked-body.ts";
import { EgressRefusal } from "./guarded-connector.ts";

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** The errors that an error was made of: its causes, and those that an AggregateError gathers. */
const unfold = (error: unknown, depth = 0): readonly unknown[] => {
  if (depth > 4 || !(error instanceof Error)) return [error];
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return [
    error,
    ...[...inner, error.cause].flatMap((cause) => (cause === undefined ? [] : unfold(cause, depth + 1))),
  ];
};

const MESSAGES: Readonly<Record<string, readonly [message: string, retryable: boolean]>> = {
  UND_ERR_CONNECT_TIMEOUT: ["no connection within the connect timeout", true],
  UND_ERR_HEADERS_TIMEOUT: ["no answer within the read timeout", true],
  UND_ERR_BODY_TIMEOUT: ["the answer stopped for longer than the read timeout", true],
  WRITE_TIMEOUT: ["the server took in no data within the write timeout", true],
  ENOTFOUND: ["its name cannot be resolved", false],
  EAI_AGAIN: ["its name cannot be resolved at the moment", true],
  ECONNREFUSED: ["the connection was refused", true],
  ECONNRESET: ["the connection was reset", true],
  EHOSTUNREACH: ["the host cannot be reached", true],
  ENETUNREACH: ["the network cannot be reached", true],
  ETIMEDOUT: ["the connection timed out", true],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["the answer broke off", true],
  UND_ERR_SOCKET: ["the connection broke", true],
};

const TIMEOUTS: ReadonlySet<string> = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "WRITE_TIMEOUT",
  "ETIMEDOUT",
]);

const isCertificate = (code: string): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code) && !code.startsWith("UND_ERR");

const fail = (errorType: string, message: string, retryable: boolean): NodeFailure => ({
  ok: false,
  errorType,
  message,
  retryable,
});

/**
 * Translates what was thrown while a request was on its way to `origin` into an expected failure. Dify calls
 * every failure of the connection `HttpRequestNodeError`; `fallback` describes what is not known here.
 */
export const toFailure = (error: unknown, origin: string, fallback: string): NodeFailure => {
  const all = unfold(error);
  const refusal = all.find((one) => one instanceof EgressRefusal);
  if (refusal !== undefined) return fail("EgressRefusedError", refusal.message, false);
  const known = all.find((one) => one instanceof BodyTooLarge || one instanceof UndecodableResponse);
  if (known instanceof BodyTooLarge)
    return fail("ResponseSizeError", `${origin}: The answer is longer than ${known.maxBytes} bytes`, false);
  if (known !== undefined) return fail("HttpRequestNodeError", `${origin}: ${known.message}`, false);
  const codes = all.map(codeOf);
  const code = codes.find((one) => MESSAGES[one] !== undefined);
  const [message, retryable] = MESSAGES[code ?? ""] ?? [null, false];
  if (message !== null) {
    const failure = fail("HttpRequestNodeError", `${origin}: ${message}`, retryable);
    return TIMEOUTS.has(code ?? "") ? { ...failure, timedOut: true } : failure;
  }
  const certificate = codes.find(isCertificate);
  if (certificate !== undefined) {
    return fail(
      "HttpRequestNodeError",
      `${origin}: its certificate is not trusted (${certificate}); trust its authority with NODE_EXTRA_CA_CERTS or switch the node's ssl_verify off`,
      false,
    );
  }
  return fail("HttpRequestNodeError", `${origin}: ${fallback}`, false);
};
