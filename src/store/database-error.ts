import { type Message, type MessageCode, message } from "../messages/message.ts";
import { ReviewflowError, StoreError } from "../base/errors.ts";

const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "57P01",
  "57P02",
  "57P03",
  "25P03",
  "53300",
]);
/**
 * Lost races: serialization, deadlock, lock timeout, a row that another instance has just made, and our own check
 * that a row is as it was read (a division by zero, see decide-and-write.ts).
 */
const CONFLICTS = new Set(["40001", "40P01", "55P03", "23505", "23503", "22012"]);
/** A statement that was ended for its time. */
const TOO_SLOW = "57014";
/** Whether the driver gave up waiting for an answer. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Error && error.message === "Query read timeout";
const DISK_FULL = "53100";
const CONNECTION_LOST =
  /connection terminated|timeout exceeded when trying to connect|client has encountered/i;

/** The SQLSTATE or the system's error code, null where there is none. */
const errorCode = (error: unknown): string | null =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;

const describe = (error: unknown, secrets: readonly string[]): string => {
  const parts = error instanceof AggregateError ? error.errors.map(String) : [String(error)];
  return secrets
    .filter((secret) => secret !== "")
    .reduce((text, secret) => text.replaceAll(secret, "[secret]"), parts.join("; "));
};

const retryable = (what: Message, code: string): StoreError =>
  new StoreError(what, { code, retryable: true });

/** A database that does not work: what a run has done is not its fault. */
const away = (what: Message, code: string, name: "postgres" | "sqlite", isRetryable = true): StoreError =>
  new StoreError(what, {
    code,
    retryable: isRetryable,
    outside: { peer: { kind: "database", name }, verdict: "away" },
  });

/**
 * Translates a failure of PostgreSQL or its driver. A lost connection and a lost race are worth another attempt.
 * `secrets` are cut out of the message; the cause is dropped, as drivers put settings into their errors.
 */
export const postgresError = (error: unknown, secrets: readonly string[] = []): ReviewflowError => {
  if (error instanceof ReviewflowError) return error;
  const code = errorCode(error) ?? "";
  const said = describe(error, secrets);
  if (UNREACHABLE.has(code) || code.startsWith("08") || CONNECTION_LOST.test(said))
    return away(message("store.unreachable", { error: said }), "store-unreachable", "postgres");
  if (CONFLICTS.has(code)) return retryable(message("store.conflict", { error: said }), "store-conflict");
  if (code === TOO_SLOW || isSilence(error))
    return away(message("store.timeout", { error: said }), "store-timeout", "postgres");
  if (code === DISK_FULL)
    return away(message("store.disk-full", { error: said }), "store-disk-full", "postgres");
  if (code.startsWith("28"))
    return away(message("store.login-refused", { error: said }), "store-login-refused", "postgres", false);
  return new StoreError(message("store.query-failed", { error: said }), {
    code: "store-query-failed",
    cause: code === "" ? undefined : code,
  });
};

/** SQLite's primary result codes that are worth a word of their own (sqlite.org/rescode.html). */
const SQLITE = {
  5: { code: "store-conflict", says: "store.busy" },
  8: { code: "store-read-only", says: "store.read-only" },
  10: { code: "store-io-failed", says: "store.io-failed" },
  13: { code: "store-disk-full", says: "store.disk-full" },
  14: { code: "store-unreachable", says: "store.cannot-open" },
} as const satisfies Readonly<Record<number, { readonly code: string; readonly says: MessageCode }>>;

const isKnown = (code: number): code is keyof typeof SQLITE => Object.hasOwn(SQLITE, code);

/** Translates a failure of SQLite. What comes of the disk may pass, and then the next statement works. */
export const sqliteError = ({
  message: error,
  errcode,
}: {
  readonly message: string;
  readonly errcode: number | null;
}): StoreError => {
  const primary = (errcode ?? 0) & 0xff;
  if (!isKnown(primary))
    return new StoreError(message("store.query-failed", { error }), { code: "store-query-failed" });
  const { code, says } = SQLITE[primary];
  const what = message(says, { error });
  return away(what, code, "sqlite");
};

/** For whoever asks a store that was closed. */
export const storeClosed = (): StoreError => retryable(message("store.closed"), "store-closed");
