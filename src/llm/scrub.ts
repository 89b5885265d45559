import { readableFailure } from "../review/readable-failure.ts";
import { maskValues } from "../base/mask-values.ts";
import type { Secret } from "../base/secret.ts";
import type { ModelEndpoint } from "./model-options.ts";

const isSecret = (value: Secret | string | null): value is Secret =>
  value !== null && typeof value !== "string";

/** The secrets that a call to this endpoint carries. */
export const secretsOf = (endpoint: ModelEndpoint): readonly Secret[] =>
  [endpoint.apiKey, ...Object.values(endpoint.headers ?? {})].filter(isSecret);

/**
 * A foreign text made fit for messages and logs: what readableFailure makes of it, without the secrets in
 * any of their forms.
 */
export const scrub = (text: string, secrets: readonly Secret[]): string =>
  readableFailure(text, maskValues(secrets, 1));
