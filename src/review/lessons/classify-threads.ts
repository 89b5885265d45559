import type { Discussion } from "../discussion.ts";
import { type OwnThread, ownThreads } from "../plan/marker.ts";
import type { Outcome, OutcomeKind } from "./outcome.ts";

/** What is known when the threads of a merge request are looked at. */
export type KnownThreads = {
  readonly flow: string;
  readonly discussions: readonly Discussion[];
  /** The newest head of the merge request. */
  readonly headSha: string;
  /** The head at which each finding was raised, by its fingerprint. */
  readonly raisedAt: ReadonlyMap<string, string>;
  /** Findings that were found at this head, by fingerprint. */
  readonly foundAgain: ReadonlySet<string>;
};

/**
 * How the threads that are resolved came to it. A thread says nothing as long as it is open, nor where the
 * head has moved on and nobody can tell whether that was for its sake: the line may stand although the
 * mistake was mended beside it.
 */
export const classifyThreads = (projectId: number, iid: number, known: KnownThreads): readonly Outcome[] =>
  ownThreads(known.discussions, known.flow).flatMap((thread): Outcome[] => {
    const kind = classifyThread(thread, known);
    if (kind === null) return [];
    const { resolvedBy } = thread.discussion;
    const userId = thread.resolvedByUs || resolvedBy === "us" ? null : resolvedBy;
    return [{ projectId, iid, flow: known.flow, fingerprint: thread.fingerprint, kind, userId }];
  });

const classifyThread = (thread: OwnThread, known: KnownThreads): OutcomeKind | null => {
  const { discussion, fingerprint, resolvedByUs } = thread;
  if (!discussion.resolved) return null;
  if (resolvedByUs) return "resolved-with-change";
  // Resolved through us on somebody's order: the order is an outcome of its own.
  if (discussion.resolvedBy === "us") return null;
  if (known.foundAgain.has(fingerprint) || known.raisedAt.get(fingerprint) === known.headSha)
    return "resolved-without-change";
  // GitLab moves a position along as long as its line survives.
  const { position } = discussion;
  return position !== null && position.headSha !== known.headSha ? "resolved-with-change" : null;
};
