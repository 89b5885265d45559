import type { Message } from "../messages/message.ts";
import type { DiffRefs } from "../diff/position.ts";
import type { EventUser } from "./delivery-event.ts";
import type {
  CommitStatus,
  Discussion,
  Note,
  Publication,
  PublicationReceipt,
  ReplyDraft,
  ThreadOutcome,
} from "./discussion.ts";
import type { TreeEntry } from "./rules/rule-paths.ts";

/** A merge request by its project's numeric id and its number within the project. */
export type MergeRequestRef = { readonly projectId: number; readonly iid: number };

/** A merge request as it stood when it was fetched. */
export type MergeRequest = {
  readonly ref: MergeRequestRef;
  readonly projectPath: string;
  readonly title: string;
  readonly description: string;
  readonly state: "opened" | "closed" | "merged" | "locked";
  readonly draft: boolean;
  readonly webUrl: string;
  readonly author: { readonly id: number; readonly username: string };
  readonly sourceBranch: string;
  readonly targetBranch: string;
  readonly headSha: string;
  readonly diffRefs: DiffRefs;
  readonly labels: readonly string[];
  /** How many files are changed, at least; left out while the place does not know, and where it knows none. */
  readonly changesCount?: number;
  readonly reviewerIds: readonly number[];
  /** What a commit status of its head is set under; left out where the place knows none. */
  readonly statusRef?: string;
  /** How many notes people and bots wrote, replies included; left out where the place does not tell. */
  readonly noteCount?: number;
};

/** Why the change of a file cannot be read; `detail` is what is known besides. */
export type DiffProblem = {
  readonly cause: "submodule" | "large" | "many" | "refused" | "conflict" | "malformed";
  readonly detail?: Message;
};

/** One changed file. The text is unified-diff hunks without file headers, as GitLab serves it. */
export type ChangedFile = {
  readonly oldPath: string;
  readonly newPath: string;
  readonly oldMode: string;
  readonly newMode: string;
  readonly change: "added" | "deleted" | "renamed" | "modified";
  readonly generated: boolean;
  /** The hunks, or why they cannot be had. A pure rename or mode change has the empty text. */
  readonly diff:
    | { readonly kind: "text"; readonly text: string; readonly source: "diffs" | "raw_diffs" | "blobs" }
    | { readonly kind: "binary" }
    | { readonly kind: "unavailable"; readonly problem: DiffProblem };
};

/** All changes of one diff version; every file is in it, also those whose text cannot be had. */
export type Diff = { readonly refs: DiffRefs; readonly files: readonly ChangedFile[] };

/** A note that one of our runs is to leave; `marker` finds it again. */
export type NoteDraft = {
  readonly marker: string;
  readonly body: string;
  /** How the markers of such notes begin, of whichever flow, where there is one of them on a merge request. */
  readonly kind?: string;
};

/** What became of a note. */
export type NoteReceipt = {
  readonly noteId: number;
  readonly outcome: "created" | "updated" | "unchanged";
  readonly url: string | null;
};

/** A reaction on a note, or on the merge request itself where `noteId` is null, by the forge's name of the emoji. */
export type Reaction = { readonly noteId: number | null; readonly emoji: string };

/** A note with the reactions of everybody on it; a reaction of a user who is gone has none. */
export type NoteReactions = {
  readonly note: Note;
  readonly reactions: readonly { readonly emoji: string; readonly user: EventUser | null }[];
};

/** A file as it is in one commit. `too-large` is beyond what the adapter was told to fetch. */
export type FileReading =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "missing" }
  | { readonly kind: "binary" }
  | { readonly kind: "too-large" };

/** An entry of a listed folder; the same id stands for the same content. */
export type FolderEntry = TreeEntry & { readonly id: string };

/**
 * The place where merge requests live. Failures are thrown as GitLabError. Every call can be repeated
 * without harm; a write is looked up before it is repeated.
 */
export type Forge = {
  /** Who we are there; our own notes are known by this id. */
  readonly currentUser: (signal?: AbortSignal) => Promise<{ readonly id: number; readonly username: string }>;
  /**
   * Reads the merge request. While GitLab is still preparing its diff (`diff_refs` null) it waits and
   * reads again, for a bounded time.
   */
  readonly fetchMergeRequest: (ref: MergeRequestRef, signal?: AbortSignal) => Promise<MergeRequest>;
  /** Reads the whole diff of the newest version, rebuilding what GitLab collapsed. */
  readonly fetchDiff: (mergeRequest: MergeRequest, signal?: AbortSignal) => Promise<Diff>;
  /**
   * Creates the note, or updates the one of ours that holds `draft.marker`, or a marker of its `kind` if the note's
   * id was kept. The body must hold the marker. A note of someone else is never taken for ours, whatever it says.
   */
  readonly upsertNote: (ref: MergeRequestRef, draft: NoteDraft, signal?: AbortSignal) => Promise<NoteReceipt>;
  /** Reads every discussion of the merge request, oldest first, notes of the system among them. */
  readonly fetchDiscussions: (ref: MergeRequestRef, signal?: AbortSignal) => Promise<readonly Discussion[]>;
  /**
   * Carries a whole review to the merge request, as one notification where the place can do that. What is
   * there already (known by its marker in a note of ours) is left as it is, so that the same publication
   * can be sent again after a crash at any point. A thread or reply that is refused is told in the receipt
   * and keeps nothing else back; a label, a status or the resolving of a thread that is refused is logged. Throws where
   * the place is away, also for those: a status that stays pending could keep a merge request from being merged.
   */
  readonly publish: (
    ref: MergeRequestRef,
    publication: Publication,
    signal?: AbortSignal,
  ) => Promise<PublicationReceipt>;
  /** Reads one discussion; null when it is gone. */
  readonly fetchDiscussion: (
    ref: MergeRequestRef,
    discussionId: string,
    signal?: AbortSignal,
  ) => Promise<Discussion | null>;
  /** Whether a note is there; false only where GitLab says that there is none. */
  readonly hasNote: (ref: MergeRequestRef, noteId: number, signal?: AbortSignal) => Promise<boolean>;
  /**
   * Says something in a thread of anybody, once: what a note of ours there holds already (known by its
   * marker) is not written again. Resolves the thread where the draft says so; that we may not is logged.
   */
  readonly reply: (ref: MergeRequestRef, draft: ReplyDraft, signal?: AbortSignal) => Promise<ThreadOutcome>;
  /** Resolves a thread without a word, unless it is resolved or cannot be. */
  readonly resolveDiscussion: (
    ref: MergeRequestRef,
    discussionId: string,
    signal?: AbortSignal,
  ) => Promise<void>;
  /** Reads a note with its reactions; null when it is gone. */
  readonly fetchReactions: (
    ref: MergeRequestRef,
    noteId: number,
    signal?: AbortSignal,
  ) => Promise<NoteReactions | null>;
  /**
   * Sets a reaction of ours, and returns the place's id of it: null where that is not known, since it was there before or
   * the answer was lost. A failure is only logged; null in place of it all where it is certainly not set.
   */
  readonly react: (
    ref: MergeRequestRef,
    reaction: Reaction,
    signal?: AbortSignal,
  ) => Promise<{ readonly awardId: number | null } | null>;
  /**
   * Takes a reaction of ours off, and looks for it where its id is not known. False where that may be tried again; any
   * other failure is only logged.
   */
  readonly unreact: (
    ref: MergeRequestRef,
    reaction: Reaction & { readonly awardId: number | null },
    signal?: AbortSignal,
  ) => Promise<boolean>;
  /**
   * Sets the status of a commit. That it is refused is only logged, and false where it may be tried again; that the
   * place is away is thrown.
   */
  readonly setStatus: (ref: MergeRequestRef, status: CommitStatus, signal?: AbortSignal) => Promise<boolean>;
  /** As `setStatus`, where the commit has one of that name that is pending still; nothing where it has none. */
  readonly endStatus: (ref: MergeRequestRef, status: CommitStatus, signal?: AbortSignal) => Promise<boolean>;
  /** Deletes every note of ours that holds the marker; what is gone stays gone. */
  readonly removeNote: (ref: MergeRequestRef, marker: string, signal?: AbortSignal) => Promise<void>;
  /** Gives the merge request another description. */
  readonly updateDescription: (
    ref: MergeRequestRef,
    description: string,
    signal?: AbortSignal,
  ) => Promise<void>;
  /** A user's access level in a project, groups included (GitLab's numbers); null for no member. */
  readonly fetchAccessLevel: (
    who: { readonly projectId: number; readonly userId: number },
    signal?: AbortSignal,
  ) => Promise<number | null>;
  /** Whether a branch is the project's default one or a protected one; false for one that is not there. */
  readonly isProtectedBranch: (
    ref: Pick<MergeRequestRef, "projectId">,
    branch: string,
    signal?: AbortSignal,
  ) => Promise<boolean>;
  /**
   * Lists a folder of the project, the root for the empty path. A folder that is not there, or that may
   * not be seen, is empty.
   */
  readonly listFolder: (
    ref: Pick<MergeRequestRef, "projectId">,
    folder: {
      readonly path: string;
      /** A commit, a full ref such as `refs/heads/main`, or `HEAD` for the default branch. */
      readonly sha: string;
      readonly recursive: boolean;
    },
    signal?: AbortSignal,
  ) => Promise<readonly FolderEntry[]>;
  /** Reads one file of the project at a commit, at a full ref such as `refs/heads/main`, or at `HEAD` for the default branch. */
  readonly fetchFile: (
    ref: Pick<MergeRequestRef, "projectId">,
    file: { readonly path: string; readonly sha: string },
    signal?: AbortSignal,
  ) => Promise<FileReading>;
};
