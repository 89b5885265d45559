import type { Secret } from "../base/secret.ts";

/** The headers of a request, their names in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>;

/**
 * A hook's secret token or signing token (`whsec_…`) and the projects that it may speak for, as globs
 * over their paths; null means every project.
 */
export type ScopedSecret = { readonly secret: Secret; readonly projects: readonly string[] | null };

/** What deliveries are checked against. */
export type VerifyOptions = {
  /** Values of `X-Gitlab-Token`. */
  readonly secrets: readonly ScopedSecret[];
  /** Signing tokens, for `webhook-signature`. */
  readonly signingTokens: readonly ScopedSecret[];
  /** How far `webhook-timestamp` may be from our clock, in milliseconds; 300,000 when left out. */
  readonly toleranceMs?: number;
  /** Whether an unknown X-Gitlab-Token is taken for a project's access token, to be proved by GitLab. */
  readonly tokenPassThrough: boolean;
};

/** Stable names of the reasons for which a delivery is refused. */
export type RefusalCode =
  | "authentication-missing"
  | "token-wrong"
  | "token-malformed"
  | "signature-wrong"
  | "signature-unreadable"
  | "signature-headers-missing"
  | "signature-timestamp-unreadable"
  | "signature-timestamp-outside-tolerance"
  | "signing-token-not-configured";

/** A delivery that is answered with 401; the message names the setting to change. */
export type Refusal = {
  readonly kind: "refused";
  readonly status: 401;
  readonly code: RefusalCode;
  readonly message: string;
};

/** A delivery that comes from whoever knows one of our secrets. */
export type Verified = {
  readonly kind: "verified";
  readonly by: "token" | "signature";
  /** The globs that the secret is for; the caller checks them once the body is parsed. */
  readonly projects: readonly string[] | null;
};

/** What headers and raw bytes prove. A token that is passed through is not proved yet. */
export type Verification = Verified | { readonly kind: "pass-through"; readonly token: Secret } | Refusal;

/** A refusal with its reason. */
export const refuse = (code: RefusalCode, message: string): Refusal => ({
  kind: "refused",
  status: 401,
  code,
  message,
});

/**
 * A delivery that all of `matching` vouch for: it may speak for the projects of any of them. Undefined
 * when there is none.
 */
export const vouch = (by: Verified["by"], matching: readonly ScopedSecret[]): Verified | undefined => {
  if (matching.length === 0) return undefined;
  const everyProject = matching.some(({ projects }) => projects === null);
  const projects = everyProject ? null : [...new Set(matching.flatMap(({ projects }) => projects ?? []))];
  return { kind: "verified", by, projects };
};
