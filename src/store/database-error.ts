import { type Message, message as translated } from "../messages/message.ts";
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

const retryable = (message: string, code: string): StoreError =>
  new StoreError(message, { code, retryable: true });

/** A database that does not work: what a run has done is not its fault. */
const away = (
  what: Message | string,
  code: string,
  name: "postgres" | "sqlite",
  isRetryable = true,
): StoreError =>
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
  const message = describe(error, secrets);
  if (UNREACHABLE.has(code) || code.startsWith("08") || CONNECTION_LOST.test(message))
    return away(`The database cannot be reached: ${message}`, "store-unreachable", "postgres");
  if (CONFLICTS.has(code)) return retryable(`The database found a conflict: ${message}`, "store-conflict");
  if (code === TOO_SLOW) return away(`The database took too long: ${message}`, "store-timeout", "postgres");
  if (code === DISK_FULL)
    return away(`The disk of the database is full: ${message}`, "store-disk-full", "postgres");
  if (code.startsWith("28"))
    return away(
      translated("store.login-refused", { error: message }),
      "store-login-refused",
      "postgres",
      false,
    );
  return new StoreError(`The database refused a statement: ${message}`, {
    code: "store-query-failed",
    cause: code === "" ? undefined : code,
  });
};

/** SQLite's primary result codes that are worth a word of their own (sqlite.org/rescode.html). */
const SQLITE: Readonly<Record<number, { readonly code: string; readonly text: string }>> = {
  5: { code: "store-conflict", text: "The store is locked by somebody else" },
  8: { code: "store-read-only", text: "The store cannot be written" },
  10: { code: "store-io-failed", text: "The disk of the store failed" },
  13: { code: "store-disk-full", text: "The disk of the store is full" },
  14: { code: "store-unreachable", text: "The file of the store cannot be opened" },
};

/** Translates a failure of SQLite. What comes of the disk may pass, and then the next statement works. */
export const sqliteError = ({
  message,
  errcode,
}: {
  readonly message: string;
  readonly errcode: number | null;
}): StoreError => {
  const known = errcode === null ? undefined : SQLITE[errcode & 0xff];
  if (known?.code === "store-conflict") return retryable(`${known.text}: ${message}`, known.code);
  if (known !== undefined) return away(`${known.text}: ${message}`, known.code, "sqlite");
  return new StoreError(`The database refused a statement: ${message}`, { code: "store-query-failed" });
};

/** For whoever asks a store that was closed. */
export const storeClosed = (): StoreError => retryable("The store is closed.", "store-closed");
