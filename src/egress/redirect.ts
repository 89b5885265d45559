import { type Message, message } from "../messages/message.ts";

/** A request as it goes over the wire, one hop of perhaps several. */
export type Hop = {
  readonly method: string;
  readonly url: URL;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | null;
};

/** What follows an answer: nothing, another hop, or a Location that cannot be followed. */
export type RedirectPlan =
  | { readonly kind: "final" }
  | { readonly kind: "follow"; readonly hop: Hop }
  | { readonly kind: "broken"; readonly what: Message };

const FOLLOWED: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * The headers that another origin may see. Which others carry a secret cannot be known: a flow may put
 * its key under any name, so that all the rest stays with the origin for which it was meant.
 */
const HARMLESS: ReadonlySet<string> = new Set([
  "accept",
  "accept-charset",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "content-language",
  "content-type",
  "pragma",
  "range",
  "user-agent",
]);

const isBodyHeader = (name: string): boolean => name.startsWith("content-") || name === "transfer-encoding";

const rewriteMethod = (status: number, method: string): string => {
  if (status === 303 && method !== "HEAD") return "GET";
  if (status === 302 && method !== "HEAD") return "GET";
  return status === 301 && method === "POST" ? "GET" : method;
};

const isUpgrade = (from: URL, to: URL): boolean =>
  from.protocol === "http:" &&
  to.protocol === "https:" &&
  from.hostname === to.hostname &&
  from.port === "" &&
  to.port === "";

/**
 * What to do with an answer of `status` and its Location header. Methods are rewritten as httpx (Dify's
 * client) and browsers do; a change of origin keeps only harmless headers, except http to https of
 * the same host. Userinfo in the Location is dropped: it would send credentials that nobody gave.
 */
export const planRedirect = (hop: Hop, status: number, location: string | null): RedirectPlan => {
  if (!FOLLOWED.has(status) || location === null) return { kind: "final" };
  if (!URL.canParse(location, hop.url.href))
    return { kind: "broken", what: message("egress.redirect-no-url", { origin: hop.url.origin }) };
  const url = new URL(location, hop.url);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    const named = { origin: hop.url.origin, protocol: url.protocol };
    return { kind: "broken", what: message("egress.redirect-protocol", named) };
  }
  url.username = "";
  url.password = "";
  const method = rewriteMethod(status, hop.method);
  const dropsBody = method !== hop.method;
  const sameOrigin = url.origin === hop.url.origin || isUpgrade(hop.url, url);
  const headers = hop.headers.filter(([raw]) => {
    const name = raw.toLowerCase();
    return (sameOrigin ? name !== "host" : HARMLESS.has(name)) && !(dropsBody && isBodyHeader(name));
  });
  return { kind: "follow", hop: { method, url, headers, body: dropsBody ? null : hop.body } };
};
