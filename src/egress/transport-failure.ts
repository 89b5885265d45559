import { inEnglish, problemAt } from "../base/errors.ts";
import { type Message, message, verbatim } from "../messages/message.ts";
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

/** What a code of the client or the system means, as messages name it, and whether another attempt may help. */
const KINDS: Readonly<Record<string, readonly [kind: string, retryable: boolean]>> = {
  UND_ERR_CONNECT_TIMEOUT: ["connectTimeout", true],
  UND_ERR_HEADERS_TIMEOUT: ["readTimeout", true],
  UND_ERR_BODY_TIMEOUT: ["stalled", true],
  WRITE_TIMEOUT: ["writeTimeout", true],
  ENOTFOUND: ["unresolved", false],
  EAI_AGAIN: ["unresolvedNow", true],
  ECONNREFUSED: ["refused", true],
  ECONNRESET: ["reset", true],
  EHOSTUNREACH: ["hostUnreachable", true],
  ENETUNREACH: ["networkUnreachable", true],
  ETIMEDOUT: ["timedOut", true],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["brokeOff", true],
  UND_ERR_SOCKET: ["broke", true],
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

const fail = (errorType: string, host: Message, retryable: boolean): NodeFailure => ({
  ok: false,
  errorType,
  message: inEnglish(host),
  host,
  retryable,
});

/**
 * Translates what was thrown while a request was on its way to `origin` into an expected failure. Dify calls
 * every failure of the connection `HttpRequestNodeError`; `fallback` describes what is not known here.
 */
export const toFailure = (error: unknown, origin: string, fallback: string): NodeFailure => {
  const all = unfold(error);
  const refusal = all.find((one) => one instanceof EgressRefusal);
  if (refusal !== undefined) return fail("EgressRefusedError", refusal.what, false);
  const known = all.find((one) => one instanceof BodyTooLarge || one instanceof UndecodableResponse);
  if (known instanceof BodyTooLarge)
    return fail("ResponseSizeError", message("egress.too-long", { origin, most: known.maxBytes }), false);
  if (known !== undefined) return fail("HttpRequestNodeError", problemAt(origin, known.what), false);
  const codes = all.map(codeOf);
  const code = codes.find((one) => KINDS[one] !== undefined) ?? "";
  const [kind, retryable] = KINDS[code] ?? [null, false];
  if (kind !== null) {
    const failure = fail("HttpRequestNodeError", message("egress.failed", { origin, kind }), retryable);
    return TIMEOUTS.has(code) ? { ...failure, timedOut: true } : failure;
  }
  const certificate = codes.find(isCertificate);
  if (certificate !== undefined)
    return fail("HttpRequestNodeError", message("egress.untrusted", { origin, error: certificate }), false);
  return fail("HttpRequestNodeError", problemAt(origin, verbatim(fallback)), false);
};
