import { createHmac } from "node:crypto";
import { type Message, message } from "../messages/message.ts";

const PREFIX = "whsec_";

/** The length of a signing key; GitLab accepts no other when a hook is saved. */
const KEY_BYTES = 32;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** A signing token read as its key, or why it is none. The problem never repeats the token. */
export type SigningTokenReading =
  | { readonly kind: "valid"; readonly key: Uint8Array }
  | { readonly kind: "invalid"; readonly problem: Message };

const invalid = (problem: Message): SigningTokenReading => ({ kind: "invalid", problem });

/**
 * Reads a webhook's signing token: `whsec_` and the base64 of 32 bytes, as GitLab demands it when a hook
 * is saved. For checking the configuration, and for its key.
 */
export const parseSigningToken = (text: string): SigningTokenReading => {
  if (!text.startsWith(PREFIX)) return invalid(message("signing-token.prefix", { prefix: PREFIX }));
  const encoded = text.slice(PREFIX.length);
  if (!BASE64.test(encoded) || encoded.length % 4 !== 0)
    return invalid(message("signing-token.not-base64", { prefix: PREFIX }));
  const key = Buffer.from(encoded, "base64");
  if (key.toString("base64") !== encoded)
    return invalid(message("signing-token.not-base64", { prefix: PREFIX }));
  if (key.length !== KEY_BYTES)
    return invalid(message("signing-token.length", { needed: KEY_BYTES, length: key.length }));
  return { kind: "valid", key };
};

/**
 * The MAC of a delivery: HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{raw body}`, as GitLab and
 * the Standard Webhooks specification have it.
 */
export const signDelivery = (key: Uint8Array, id: string, timestamp: string, body: Uint8Array): Uint8Array =>
  createHmac("sha256", key).update(`${id}.${timestamp}.`, "utf8").update(body).digest();
