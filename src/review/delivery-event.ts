/** A person or bot in a webhook payload. */
export type EventUser = { readonly id: number; readonly username: string };

/** The project that received the merge request (the target). */
export type EventProject = {
  readonly id: number;
  /** The path with its namespace, such as `group/sub/project`. */
  readonly path: string;
  readonly webUrl: string;
};

/** Whatever happened to a merge request, reduced to what decisions and flow inputs need. */
export type MergeRequestEvent = {
  readonly kind: "merge_request";
  readonly project: EventProject;
  readonly user: EventUser;
  readonly iid: number;
  /** GitLab's `object_attributes.action`; null when GitLab left it out. */
  readonly action: string | null;
  readonly state: string;
  readonly draft: boolean;
  readonly title: string;
  readonly description: string;
  readonly url: string;
  readonly authorId: number | null;
  readonly sourceBranch: string;
  readonly targetBranch: string;
  readonly sourceProjectId: number | null;
  /** The newest commit; null when GitLab left it out. */
  readonly headSha: string | null;
  /** The head before the push; GitLab sends it only on an `update` with new commits. */
  readonly oldRev: string | null;
  readonly labels: readonly string[];
  /** Titles of the labels that were not there before this event. */
  readonly labelsAdded: readonly string[];
  /** Ids of the reviewers who were not there before this event. */
  readonly reviewersAdded: readonly number[];
  /** Ids of the reviewers who were asked for another review by this event (GitLab's `re_requested`). */
  readonly reviewersAskedAgain: readonly number[];
  /** Whether this event turned a draft into a merge request that is ready. */
  readonly becameReady: boolean;
  /** Whether this event gave the merge request another target branch, which GitLab does by itself, too. */
  readonly retargeted: boolean;
};

/** What a note event says of the merge request that was noted. */
type NotedMergeRequest = Pick<
  MergeRequestEvent,
  | "state"
  | "draft"
  | "title"
  | "description"
  | "url"
  | "authorId"
  | "sourceBranch"
  | "targetBranch"
  | "sourceProjectId"
  | "labels"
>;

/** A comment on a merge request. */
export type NoteEvent = {
  readonly kind: "note";
  readonly project: EventProject;
  readonly user: EventUser;
  readonly iid: number;
  readonly noteId: number;
  readonly discussionId: string | null;
  /**
   * Whether the note begins what may become a thread, and so answers nobody: GitLab turns a single note into
   * a thread with the first answer, which has a type then.
   */
  readonly standsAlone: boolean;
  /** `create`, or `update` for a note that was edited; null from a GitLab that says neither. */
  readonly action: string | null;
  readonly text: string;
  readonly url: string;
  readonly system: boolean;
  readonly internal: boolean;
  readonly headSha: string | null;
  readonly mergeRequest: NotedMergeRequest;
};

/** An emoji that was set on something, or taken back. */
export type EmojiEvent = {
  readonly kind: "emoji";
  readonly project: EventProject;
  readonly user: EventUser;
  /** The merge request that it belongs to; null where it belongs to something else. */
  readonly iid: number | null;
  /** GitLab's name of the emoji, such as `thumbsup`. */
  readonly emoji: string;
  /** `award` or `revoke`; null where GitLab said neither. */
  readonly action: string | null;
  /** GitLab's kind of the thing it is on, such as `Note`. */
  readonly awardableType: string;
  readonly awardableId: number;
  /** The note that it is on; null where it is on something else. Whether it is ours, a payload cannot say (null). */
  readonly note: {
    readonly authorId: number;
    readonly body: string;
    readonly system: boolean;
    readonly ours: boolean | null;
  } | null;
};

/** An event that we understand but do not act on, such as a push. */
export type OtherEvent = {
  readonly kind: "other";
  /** GitLab's `object_kind` or the event header. */
  readonly name: string;
  readonly project: EventProject | null;
};

/** What a webhook delivery told us. */
export type DeliveryEvent = MergeRequestEvent | NoteEvent | EmojiEvent | OtherEvent;
