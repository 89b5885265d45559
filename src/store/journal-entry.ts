import { message } from "../messages/message.ts";
import { StoreError } from "../base/errors.ts";
import { Json, parseJson } from "../base/json.ts";

/** The value of a row as a journal gives it. */
export const readValue = (text: string): Json => Json.parse(parseJson(text));

/** Keys are text, in which PostgreSQL refuses U+0000; this keeps prefixes and can be undone. */
export const storedKey = (key: string): string =>
  key.toWellFormed().replaceAll("\\", "\\\\").replaceAll("\u0000", "\\0");

/** The key behind a stored one. */
export const readKey = (stored: string): string =>
  stored.replaceAll(/\\[\\0]/g, (escape) => (escape === "\\0" ? "\u0000" : "\\"));

/** Rows with keys and values, as a journal gives them. */
export const toEntries = (
  rows: readonly { readonly key: string; readonly value: string }[],
): ReadonlyMap<string, Json> => new Map(rows.map(({ key, value }) => [readKey(key), readValue(value)]));

/** Another process has this run now, or it has ended. */
export const claimLost = (runId: string): StoreError =>
  new StoreError(message("store.claim-lost", { run: runId }), {
    code: "claim-lost",
    retryable: true,
  });
