import type { Position } from "../diff/position.ts";
import type { EventUser } from "./delivery-event.ts";

/**
 * How a note is known to be ours: its `id` is among those that we kept when we wrote them, or its `author` is who we
 * are now or a former bot of ours.
 */
export type OwnNoteProof = "id" | "author";

/** One comment. `body` is Markdown as GitLab keeps it. */
export type Note = {
  readonly id: number;
  readonly author: EventUser | null;
  readonly body: string;
  /** Written by GitLab itself. */
  readonly system: boolean;
  /** How the forge knows that we wrote it; null for a note of others, whatever it says of itself. */
  readonly ours: OwnNoteProof | null;
};

/** A thread, or a single note that is none (`individual`). */
export type Discussion = {
  readonly id: string;
  readonly individual: boolean;
  readonly resolvable: boolean;
  readonly resolved: boolean;
  /** Who resolved it, by the user's id, or `us`; null when nobody did, or GitLab does not say. */
  readonly resolvedBy: number | "us" | null;
  /**
   * Where it hangs: GitLab moves it along as long as its line survives the pushes, then it stays as it was
   * and refers to an older version. Null for threads that hang nowhere.
   */
  readonly position: Position | null;
  /** Oldest first; never empty. */
  readonly notes: readonly Note[];
};

/**
 * How every marker of ours begins. An unpublished draft without one was written by whomever the token
 * belongs to, and is neither published nor deleted by us.
 */
export const MARKER_START = "<!-- reviewflow:";

/** A thread to open. The body holds `marker` (see `MARKER_START`), which finds it again after a crash. */
export type ThreadDraft = {
  readonly marker: string;
  readonly body: string;
  /** Null for a thread on the merge request as a whole. */
  readonly position: Position | null;
};

/** A reply to a thread of ours. The body holds `marker`. */
export type ReplyDraft = {
  readonly discussionId: string;
  readonly marker: string;
  readonly body: string;
  /** Whether the thread is resolved with it. */
  readonly resolve: boolean;
};

/** The status of a commit, one for each name. */
export type CommitStatus = {
  readonly sha: string;
  /** See MergeRequest. */
  readonly ref?: string;
  readonly name: string;
  readonly state: "pending" | "success" | "failed" | "canceled";
  readonly description: string;
};

/** Everything that one review changes on a merge request, ready to be sent as it is. */
export type Publication = {
  readonly open: readonly ThreadDraft[];
  readonly reply: readonly ReplyDraft[];
  /** Notes of ours that the review built on without knowing their ids from before: they are kept as ours. */
  readonly builtOn: readonly number[];
  /** The summary: a new note (`noteId` null) or the new text of ours; null leaves it alone. */
  readonly summary: { readonly noteId: number | null; readonly marker: string; readonly body: string } | null;
  /** Added to the labels, none is ever taken away. */
  readonly addLabels: readonly string[];
  /** The status of the commit that was reviewed. */
  readonly status: CommitStatus | null;
};

/** What became of a publication. */
export type PublicationReceipt = {
  /** By marker: published now, there already, or refused by GitLab with its reason. */
  readonly threads: ReadonlyMap<string, ThreadOutcome>;
  readonly summary: { readonly noteId: number; readonly outcome: "created" | "updated" | "unchanged" } | null;
  /** `drafts` when the threads came as one notification. */
  readonly way: "drafts" | "one-by-one" | "nothing-to-send";
  /** False where the status was not taken and may be tried again; true without one. */
  readonly isStatusSet: boolean;
};

/** What became of one thread or reply; `noteId` is its note, null where GitLab did not tell. */
export type ThreadOutcome =
  | { readonly kind: "published" | "present"; readonly noteId: number | null }
  | { readonly kind: "refused"; readonly reason: string };
