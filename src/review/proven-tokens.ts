import type { Secret } from "../base/secret.ts";

/**
 * Which tokens that came with deliveries the forge has taken for which projects, by a keyed hash and never by the
 * token. Who is known has a place of his own to be asked about; whether his token counts, the forge alone says.
 */
export type ProvenTokens = {
  readonly hash: (token: Secret) => string;
  /** Whether a token was taken for a project lately; for whichever when none is given. */
  readonly isKnown: (hash: string, projectId?: number) => boolean;
  /** Keeps that a token was taken. Must not throw. */
  readonly keep: (hash: string, projectId: number) => Promise<void>;
  /** Forgets that a token was taken for a project, or for any when that is null. Must not throw. */
  readonly forget: (hash: string, projectId: number | null) => Promise<void>;
};
