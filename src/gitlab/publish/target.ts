import type { Clock } from "../../base/clock.ts";
import { GitLabError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { MergeRequestRef } from "../../review/forge.ts";
import type { GitLabClient } from "../client.ts";
import type { OwnNotes } from "../own-notes.ts";
import type { WriteOnceOptions } from "../write-once.ts";

/** The merge request that is written to, and what writing takes. */
export type Target = {
  readonly client: GitLabClient;
  readonly ref: MergeRequestRef;
  readonly params: { readonly id: number; readonly iid: number };
  readonly own: OwnNotes;
  /** Who we are now: GitLab lets us edit the notes of this author, and as a Developer no others. */
  readonly userId: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal | undefined;
};

/** The options of a write to the target. */
export const writing = ({ clock, logger, params, signal }: Target, what: string): WriteOnceOptions => ({
  clock,
  logger,
  fields: { ...params, what },
  signal,
});

/** Whether a failure means that GitLab does not offer a route to us: it is too old, or the token too weak. */
export const isNotOffered = (error: unknown): error is GitLabError =>
  error instanceof GitLabError && [403, 404, 405].includes(error.status ?? 0);

const REFUSALS: ReadonlySet<string> = new Set(["gitlab-invalid-position", "gitlab-invalid-request"]);

/** Whether a failure means that GitLab refuses this very text or place, and would again. */
export const isRefusal = (error: unknown): error is GitLabError =>
  error instanceof GitLabError && REFUSALS.has(error.code) && !isNotOffered(error);
