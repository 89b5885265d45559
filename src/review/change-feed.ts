import type { EventProject, EventUser } from "./delivery-event.ts";

/** A merge request as lists show it. */
export type ListedMergeRequest = {
  readonly project: EventProject;
  readonly iid: number;
  readonly state: string;
  readonly draft: boolean;
  readonly title: string;
  readonly description: string;
  readonly url: string;
  readonly author: EventUser | null;
  readonly sourceBranch: string;
  readonly targetBranch: string;
  readonly sourceProjectId: number | null;
  /** The newest commit; null while there is none. */
  readonly headSha: string | null;
  readonly labels: readonly string[];
  readonly reviewerIds: readonly number[];
  /** When anything about it changed last, by the forge's clock, in milliseconds since the epoch. */
  readonly updatedAtMs: number;
};

/** A project that we are a member of. */
export type FeedProject = {
  readonly id: number;
  readonly path: string;
  /** The path of the topmost group that it is in; null for a person's own project. */
  readonly group: string | null;
};

/** Where changes are looked for: in one project, or in a group with all its subgroups. */
export type FeedPlace =
  | { readonly kind: "project"; readonly id: number }
  | { readonly kind: "group"; readonly path: string };

/** Where to go on in a list; only the feed knows what is in it. */
export type FeedCursor = Readonly<Record<string, string>>;

/** Part of a list of changes. */
export type FeedPage = {
  /** The one that changed longest ago first. */
  readonly mergeRequests: readonly ListedMergeRequest[];
  /** Null on the last page. */
  readonly next: FeedCursor | null;
};

/**
 * What has changed at the place where merge requests live, for those who may have missed it. Failures are
 * thrown as GitLabError. Each page of changes is one call.
 */
export type ChangeFeed = {
  /** How many milliseconds the forge's clock is ahead of ours, as its newest answer told; null until one did. */
  readonly clockAheadMs: () => number | null;
  /** The projects that we may review, archived ones left out. */
  readonly listProjects: (signal?: AbortSignal) => Promise<readonly FeedProject[]>;
  /** Open merge requests that changed at `afterMs` or later; `cursor` null for the first page. */
  readonly listChanges: (
    place: FeedPlace,
    afterMs: number,
    cursor: FeedCursor | null,
    signal?: AbortSignal,
  ) => Promise<FeedPage>;
  /** Open merge requests that changed within `spanMs` last; `cursor` null for the first page. */
  readonly listQuiet: (
    place: FeedPlace,
    spanMs: { readonly from: number; readonly until: number },
    cursor: FeedCursor | null,
    signal?: AbortSignal,
  ) => Promise<FeedPage>;
};
