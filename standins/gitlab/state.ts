import type { Repository } from "./repository.ts";

/** GitLab's numbers for roles. */
export const ACCESS_LEVELS = { guest: 10, reporter: 20, developer: 30, maintainer: 40, owner: 50 } as const;

/** A role by its name. */
export type Role = keyof typeof ACCESS_LEVELS;

/** What a token may be used for, as far as the stand-in tells scopes apart. */
export type Scope = "api" | "read_api" | "read_user" | "read_repository" | "write_repository";

export type User = {
  readonly id: number;
  readonly username: string;
  readonly name: string;
  readonly bot: boolean;
  readonly admin: boolean;
};

/** A group that has something of its own; of others there is only the path of their projects. */
export type Group = { readonly id: number; readonly path: string };

export type Token = {
  readonly id: number;
  readonly value: string;
  readonly user: User;
  readonly scopes: readonly Scope[];
  /** Milliseconds since the epoch; null lives for ever. */
  expiresAt: number | null;
  revoked: boolean;
};

/** The three commits of a diff. */
type DiffRefs = { readonly base: string; readonly start: string; readonly head: string };

/** A diff version: what the merge request was after one push. */
export type DiffVersion = DiffRefs & { readonly id: number; readonly createdAt: string };

/** One end of a multi-line comment. */
export type RangeEnd = {
  readonly line_code: string;
  readonly type: string | null;
  readonly old_line: number | null;
  readonly new_line: number | null;
};

/** A position as GitLab's API gives it back. */
export type Position = {
  readonly base_sha: string;
  readonly start_sha: string;
  readonly head_sha: string;
  readonly old_path: string;
  readonly new_path: string;
  readonly position_type: "text" | "file" | "image";
  readonly old_line: number | null;
  readonly new_line: number | null;
  readonly line_range: { readonly start: RangeEnd; readonly end: RangeEnd } | null;
  readonly width?: number;
  readonly height?: number;
  readonly x?: number;
  readonly y?: number;
};

export type Note = {
  readonly id: number;
  type: "DiffNote" | "DiscussionNote" | null;
  body: string;
  author: User;
  readonly createdAt: string;
  updatedAt: string;
  readonly system: boolean;
  readonly internal: boolean;
  position: Position | null;
  readonly originalPosition: Position | null;
  readonly lineCode: string | null;
  readonly resolvable: boolean;
  resolved: boolean;
  resolvedBy: User | null;
  resolvedAt: string | null;
  readonly commandsChanges: Readonly<Record<string, unknown>>;
};

export type Discussion = { readonly id: string; individual: boolean; readonly notes: Note[] };

export type DraftNote = {
  readonly id: number;
  readonly author: User;
  note: string;
  position: Position | null;
  lineCode: string | null;
  readonly discussionId: string | null;
  readonly resolveDiscussion: boolean;
};

export type Award = {
  readonly id: number;
  readonly name: string;
  readonly user: User;
  readonly awardableType: "MergeRequest" | "Note";
  readonly awardableId: number;
  readonly createdAt: string;
};

type Reviewer = { readonly user: User; state: "unreviewed" | "reviewed" | "approved" };

export type MergeRequest = {
  readonly id: number;
  readonly iid: number;
  readonly project: Project;
  sourceProject: Project | null;
  readonly sourceBranch: string;
  targetBranch: string;
  title: string;
  description: string;
  state: "opened" | "closed" | "merged" | "locked";
  readonly author: User;
  labels: string[];
  reviewers: Reviewer[];
  assignees: User[];
  readonly approvedBy: User[];
  readonly createdAt: string;
  updatedAt: string;
  mergedAt: string | null;
  mergedBy: User | null;
  closedAt: string | null;
  closedBy: User | null;
  mergeCommitSha: string | null;
  discussionLocked: boolean;
  /** Oldest first. */
  readonly versions: DiffVersion[];
  /** How many more reads see no `diff_refs`. */
  readsUntilReady: number;
  readonly discussions: Discussion[];
  drafts: DraftNote[];
};

export type CommitStatus = {
  readonly id: number;
  readonly sha: string;
  readonly ref: string;
  readonly name: string;
  status: string;
  targetUrl: string | null;
  description: string | null;
  coverage: number | null;
  readonly author: User;
  readonly createdAt: string;
};

export type Delivery = {
  readonly id: number;
  readonly trigger: string;
  readonly url: string;
  readonly event: string;
  readonly idempotencyKey: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly body: string;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: string;
  /** The number as text, or `internal error` where no answer came. */
  readonly responseStatus: string;
  readonly errorMessage: string | null;
  /** Seconds. */
  readonly duration: number;
  readonly at: number;
};

export type Hook = {
  readonly id: number;
  readonly project: Project;
  url: string;
  name: string | null;
  description: string | null;
  token: string | null;
  signingToken: string | null;
  flags: Record<string, boolean>;
  branchFilter: string;
  readonly createdAt: string;
  failures: number;
  disabledUntil: number | null;
  /** Oldest first. */
  readonly deliveries: Delivery[];
};

export type Project = {
  readonly id: number;
  readonly path: string;
  readonly name: string;
  readonly description: string | null;
  readonly visibility: "private" | "internal" | "public";
  readonly defaultBranch: string;
  /** Those that are protected besides the default branch. */
  readonly protectedBranches: Set<string>;
  readonly repository: Repository;
  readonly forkedFrom: Project | null;
  readonly createdAt: string;
  archived: boolean;
  mergeRequestsEnabled: boolean;
  readonly members: Map<number, number>;
  readonly mergeRequests: MergeRequest[];
  readonly hooks: Hook[];
  readonly statuses: CommitStatus[];
};

/** A quick action found in a text; `executed` tells whether its author was allowed to. */
export type QuickActionRecord = {
  readonly user: string;
  readonly projectId: number;
  readonly iid: number;
  readonly command: string;
  readonly args: string;
  readonly executed: boolean;
};

/** One notification e-mail that GitLab would have sent. */
export type Notification = {
  readonly kind: "note" | "review";
  readonly projectId: number;
  readonly iid: number;
  readonly author: string;
  readonly noteIds: readonly number[];
};
