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
const CONFLICTS = new Set(["40001", "40P01", "55P03"]);
const DISK_FULL = new Set(["53100", "ENOSPC"]);
const CONNECTION_LOST =
  /connection terminated|timeout exceeded when trying to connect|client has encountered/i;

/** The SQLSTATE or the system's error code, null where there is none. */
export const errorCode = (error: unknown): string | null =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;

/** Whether `error` came from the database and not from our own code. */
export const isDatabaseError = (error: unknown): boolean => {
  const code = errorCode(error);
  return code !== null && (/^[0-9A-Z]{5}$/.test(code) || UNREACHABLE.has(code) || DISK_FULL.has(code));
};

const describe = (error: unknown, secrets: readonly string[]): string => {
  const parts = error instanceof AggregateError ? error.errors.map(String) : [String(error)];
  return secrets
    .filter((secret) => secret !== "")
    .reduce((text, secret) => text.replaceAll(secret, "[secret]"), parts.join("; "));
};

/**
 * Translates a failure of the database. A lost connection and a lost race are worth another attempt.
 * `secrets` are cut out of the message; the cause is dropped, as drivers put settings into their errors.
 */
export const toStoreError = (error: unknown, secrets: readonly string[] = []): ReviewflowError => {
  if (error instanceof ReviewflowError) return error;
  const code = errorCode(error) ?? "";
  const message = describe(error, secrets);
  if (UNREACHABLE.has(code) || code.startsWith("08") || CONNECTION_LOST.test(message)) {
    return new StoreError(`The database cannot be reached: ${message}`, {
      code: "store-unreachable",
      retryable: true,
    });
  }
  if (CONFLICTS.has(code))
    return new StoreError(`The database found a conflict: ${message}`, {
      code: "store-conflict",
      retryable: true,
    });
  if (DISK_FULL.has(code))
    return new StoreError(`The disk of the database is full: ${message}`, {
      code: "store-disk-full",
      retryable: true,
    });
  if (code.startsWith("28"))
    return new StoreError(`The database refuses the login of DATABASE_URL: ${message}`, {
      code: "store-login-refused",
    });
  return new StoreError(`The database refused a statement: ${message}`, {
    code: "store-query-failed",
    cause: code === "" ? undefined : code,
  });
};
