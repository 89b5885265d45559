import { readableFailure } from "../review/readable-failure.ts";
import type { Secret } from "../base/secret.ts";
import type { ModelEndpoint } from "./model-options.ts";

const MASK = "[secret]";

const isSecret = (value: Secret | string | null): value is Secret =>
  value !== null && typeof value !== "string";

/** The secrets that a call to this endpoint carries. */
export const secretsOf = (endpoint: ModelEndpoint): readonly Secret[] =>
  [endpoint.apiKey, ...Object.values(endpoint.headers ?? {})].filter(isSecret);

/**
 * A foreign text made fit for messages and logs: what readableFailure makes of it, without the secrets, as
 * they are, URL-encoded or escaped in JSON.
 */
export const scrub = (text: string, secrets: readonly Secret[]): string => {
  const forms = secrets
    .map((secret) => secret.reveal())
    .filter((value) => value !== "")
    .flatMap((value) => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  return readableFailure(text, (read) => forms.reduce((rest, form) => rest.replaceAll(form, MASK), read));
};
