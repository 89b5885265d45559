import { timingSafeEqual } from "node:crypto";
import { parseSigningToken, signDelivery } from "./signing-token.ts";
import {
  type Headers,
  type Refusal,
  type ScopedSecret,
  type Verified,
  refuse,
  vouch,
} from "./verification.ts";

const DEFAULT_TOLERANCE_MS = 300_000;

const VERSION = "v1,";

/** The length of an HMAC-SHA256. */
const MAC_BYTES = 32;

/** What a signature is checked against. */
export type SignatureOptions = {
  readonly signingTokens: readonly ScopedSecret[];
  readonly toleranceMs?: number;
};

/**
 * Checks the `webhook-signature` of a delivery, which the caller knows to be present, over the raw body.
 * Several signatures may be given, separated by spaces; those of unknown versions are passed over. Every
 * signing token is compared with every signature, in constant time. `nowMs` is the present.
 */
export const verifySignature = (
  headers: Headers,
  body: Uint8Array,
  nowMs: number,
  options: SignatureOptions,
): Verified | Refusal => {
  if (options.signingTokens.length === 0)
    return refuse(
      "signing-token-not-configured",
      "The delivery is signed, but no signing token is configured: add the hook's signing token to webhook.signing_tokens (WEBHOOK_SIGNING_TOKEN), or remove it from the hook",
    );
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (id === "" || timestamp === "")
    return refuse(
      "signature-headers-missing",
      "The delivery has a webhook-signature but not both webhook-id and webhook-timestamp; a proxy on the way may have removed them",
    );
  return (
    refuseTimestamp(timestamp, nowMs, options.toleranceMs ?? DEFAULT_TOLERANCE_MS) ??
    compareSignatures(headers["webhook-signature"] ?? "", id, timestamp, body, options.signingTokens)
  );
};

const refuseTimestamp = (timestamp: string, nowMs: number, toleranceMs: number): Refusal | undefined => {
  if (!/^\d{1,12}$/.test(timestamp))
    return refuse(
      "signature-timestamp-unreadable",
      "The webhook-timestamp is not a number of seconds since 1970; the sender is not a GitLab that we know",
    );
  const offMs = nowMs - Number(timestamp) * 1_000;
  if (Math.abs(offMs) <= toleranceMs) return undefined;
  const direction = offMs > 0 ? "behind" : "ahead of";
  return refuse(
    "signature-timestamp-outside-tolerance",
    `The webhook-timestamp is ${Math.round(Math.abs(offMs) / 1_000)} s ${direction} our clock and webhook.timestamp_tolerance allows ${Math.round(toleranceMs / 1_000)} s: correct the clocks, or raise it`,
  );
};

const compareSignatures = (
  header: string,
  id: string,
  timestamp: string,
  body: Uint8Array,
  signingTokens: readonly ScopedSecret[],
): Verified | Refusal => {
  const macs = header
    .split(" ")
    .filter((part) => part.startsWith(VERSION))
    .map(decodeMac);
  if (macs.length === 0)
    return refuse(
      "signature-unreadable",
      "The webhook-signature holds no signature of version v1; the sender is not a GitLab that we know",
    );
  const matching = signingTokens.filter((token) => {
    const reading = parseSigningToken(token.secret.reveal());
    if (reading.kind === "invalid") return false;
    const expected = signDelivery(reading.key, id, timestamp, body);
    return macs.map((mac) => timingSafeEqual(mac, expected)).includes(true);
  });
  return (
    vouch("signature", matching) ??
    refuse(
      "signature-wrong",
      "The webhook-signature fits none of the signing tokens: compare webhook.signing_tokens (WEBHOOK_SIGNING_TOKEN) with the signing token of the hook, and let no proxy change the body",
    )
  );
};

/** The MAC in a signature. One of the wrong length becomes zeroes, which no key produces. */
const decodeMac = (signature: string): Uint8Array => {
  const mac = Buffer.from(signature.slice(VERSION.length), "base64");
  return mac.length === MAC_BYTES ? mac : Buffer.alloc(MAC_BYTES);
};
