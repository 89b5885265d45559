import type { Secret } from "../base/secret.ts";
import type { ModelEndpoint } from "./model-options.ts";

const MASK = "[secret]";
const LONGEST = 600;

const isSecret = (value: Secret | string | null): value is Secret =>
  value !== null && typeof value !== "string";

/** The secrets that a call to this endpoint carries. */
export const secretsOf = (endpoint: ModelEndpoint): readonly Secret[] =>
  [endpoint.apiKey, ...Object.values(endpoint.headers ?? {})].filter(isSecret);

/**
 * A foreign text made fit for messages and logs: without the secrets (as they are, URL-encoded or
 * masked in part by the provider, as in `sk-ab***yz`), without credentials in URLs, on one line, cut
 * to 600 characters.
 */
export const scrub = (text: string, secrets: readonly Secret[]): string => {
  const forms = secrets
    .map((secret) => secret.reveal())
    .filter((value) => value !== "")
    .flatMap((value) => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  const clean = forms
    .reduce((rest, form) => rest.replaceAll(form, MASK), text)
    .replaceAll(/[^\s"'`<>(),;]*\*{3,}[^\s"'`<>(),;]*/g, MASK)
    .replaceAll(/(\w+:\/\/)[^\s/@"'<>]+@/g, `$1${MASK}@`)
    .replaceAll(/\s+/g, " ")
    .trim();
  return clean.length <= LONGEST ? clean : `${clean.slice(0, LONGEST)}…`;
};
