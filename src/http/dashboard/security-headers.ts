import type { MiddlewareHandler } from "hono";

/** Only files of our own server; no inline script or style, no frame, no form to elsewhere. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

/** A picture brings its own style and nothing else. */
const PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

/**
 * Headers of every answer. The referrer stays within our pages: with `no-referrer` browsers would send
 * `Origin: null` with forms, and the check of the origin would refuse them.
 */
export const securityHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  const { headers } = context.res;
  const isPicture = headers.get("content-type")?.startsWith("image/svg+xml") === true;
  headers.set("content-security-policy", isPicture ? PICTURE_POLICY : PAGE_POLICY);
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-frame-options", "DENY");
  headers.set("referrer-policy", "same-origin");
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-resource-policy", "same-origin");
  headers.set("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
};
