import { createHash } from "node:crypto";
import type { Headers } from "./verification.ts";

const PLAIN_KEY = /^[\w.:-]{1,128}$/;

const hash = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/**
 * What makes a repeat of a delivery recognisable. Of a signed one only what is under the signature counts: its
 * `webhook-id`, else whoever saw it once could send it again as a new one. Of others it is GitLab's
 * `Idempotency-Key` (the same when a delivery is resent), else `webhook-id`, else a hash of the body; each with a
 * prefix that says which. At most 150 characters, all of them harmless: a header that is longer or has others
 * is hashed.
 */
export const deliveryKey = (headers: Headers, body: Uint8Array): string => {
  const isSigned = headers["webhook-signature"] !== undefined;
  for (const name of isSigned ? ["webhook-id"] : ["idempotency-key", "webhook-id"]) {
    const value = headers[name]?.trim() ?? "";
    if (value !== "") return `${name}:${PLAIN_KEY.test(value) ? value : `sha256-${hash(value)}`}`;
  }
  return `sha256:${hash(body)}`;
};

/** The headers that are worth keeping and hold no secret. Anything that is not named here is dropped. */
const KEPT = [
  "content-type",
  "content-length",
  "user-agent",
  "x-gitlab-event",
  "x-gitlab-instance",
  "x-gitlab-event-uuid",
  "x-gitlab-webhook-uuid",
  "idempotency-key",
  "webhook-id",
  "webhook-timestamp",
] as const;

const MAX_VALUE_LENGTH = 256;

/**
 * The headers of a delivery to store beside it: those of a fixed list, never the token nor the signature,
 * without control characters and at most 256 characters each.
 */
export const pickSafeHeaders = (headers: Headers): Readonly<Record<string, string>> => {
  const kept: Record<string, string> = {};
  for (const name of KEPT) {
    const value = headers[name];
    if (value !== undefined) kept[name] = value.replace(/\p{Cc}/gu, "").slice(0, MAX_VALUE_LENGTH);
  }
  return kept;
};
