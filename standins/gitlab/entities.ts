import { countChanges } from "./diff-entries.ts";
import type { CommitInfo } from "./repository.ts";
import type { Discussion, DiffVersion, DraftNote, MergeRequest, Note, Project, User } from "./state.ts";
import { isDraft, mergeRequestUrl, projectUrl } from "./urls.ts";
import { ACCESS_LEVELS } from "./state.ts";
import { accessLevel, latestVersion } from "./world.ts";
import type { World } from "./world.ts";

/** A user as others see them. */
export const userEntity = (world: World, user: User) => ({
  id: user.id,
  username: user.username,
  public_email: null,
  name: user.name,
  state: "active",
  locked: false,
  avatar_url: null,
  web_url: `${world.url}/${user.username}`,
});

const orNull = (world: World, user: User | null) => (user === null ? null : userEntity(world, user));

/** A project. */
export const projectEntity = (world: World, project: Project, user: User | null) => {
  const level = accessLevel(project, user);
  const parts = project.path.split("/");
  return {
    id: project.id,
    description: project.description,
    name: project.name,
    name_with_namespace: parts.join(" / "),
    path: parts.at(-1) ?? "",
    path_with_namespace: project.path,
    created_at: project.createdAt,
    default_branch: project.defaultBranch,
    visibility: project.visibility,
    web_url: projectUrl(world, project),
    http_url_to_repo: `${projectUrl(world, project)}.git`,
    ssh_url_to_repo: `git@gitlab.invalid:${project.path}.git`,
    namespace: {
      id: project.id,
      name: parts.at(-2) ?? "",
      path: parts.at(-2) ?? "",
      kind: "group",
      full_path: parts.slice(0, -1).join("/"),
      parent_id: null,
    },
    archived: project.archived,
    empty_repo: false,
    merge_requests_enabled: project.mergeRequestsEnabled,
    merge_requests_access_level: project.mergeRequestsEnabled ? "enabled" : "disabled",
    ...(project.forkedFrom === null
      ? {}
      : { forked_from_project: { id: project.forkedFrom.id, path_with_namespace: project.forkedFrom.path } }),
    permissions: {
      project_access: level === 0 ? null : { access_level: level, notification_level: 3 },
      group_access: null,
    },
  };
};

const userNotes = (mergeRequest: MergeRequest): number =>
  mergeRequest.discussions.flatMap((discussion) => discussion.notes).filter((note) => !note.system).length;

const peopleOf = (world: World, mergeRequest: MergeRequest) => ({
  author: userEntity(world, mergeRequest.author),
  assignees: mergeRequest.assignees.map((user) => userEntity(world, user)),
  assignee: orNull(world, mergeRequest.assignees[0] ?? null),
  reviewers: mergeRequest.reviewers.map((reviewer) => userEntity(world, reviewer.user)),
  merged_by: orNull(world, mergeRequest.mergedBy),
  merge_user: orNull(world, mergeRequest.mergedBy),
  closed_by: orNull(world, mergeRequest.closedBy),
});

/** A merge request as lists show it. */
export const mergeRequestEntity = (world: World, mergeRequest: MergeRequest) => {
  const draft = isDraft(mergeRequest);
  const ready = mergeRequest.readsUntilReady === 0;
  return {
    id: mergeRequest.id,
    iid: mergeRequest.iid,
    project_id: mergeRequest.project.id,
    title: mergeRequest.title,
    description: mergeRequest.description,
    state: mergeRequest.state,
    created_at: mergeRequest.createdAt,
    updated_at: mergeRequest.updatedAt,
    merged_at: mergeRequest.mergedAt,
    closed_at: mergeRequest.closedAt,
    target_branch: mergeRequest.targetBranch,
    source_branch: mergeRequest.sourceBranch,
    user_notes_count: userNotes(mergeRequest),
    upvotes: 0,
    downvotes: 0,
    ...peopleOf(world, mergeRequest),
    source_project_id: mergeRequest.sourceProject?.id ?? null,
    target_project_id: mergeRequest.project.id,
    labels: mergeRequest.labels,
    draft,
    work_in_progress: draft,
    milestone: null,
    merge_when_pipeline_succeeds: false,
    merge_status: ready ? "can_be_merged" : "preparing",
    detailed_merge_status: ready ? (draft ? "draft_status" : "mergeable") : "preparing",
    sha: latestVersion(mergeRequest)?.head ?? null,
    merge_commit_sha: mergeRequest.mergeCommitSha,
    squash_commit_sha: null,
    discussion_locked: mergeRequest.discussionLocked ? true : null,
    should_remove_source_branch: null,
    force_remove_source_branch: false,
    prepared_at: ready ? mergeRequest.createdAt : null,
    reference: `!${mergeRequest.iid}`,
    references: {
      short: `!${mergeRequest.iid}`,
      relative: `!${mergeRequest.iid}`,
      full: `${mergeRequest.project.path}!${mergeRequest.iid}`,
    },
    web_url: mergeRequestUrl(world, mergeRequest),
    has_conflicts: false,
    blocking_discussions_resolved: true,
  };
};

/** A merge request by itself, with `diff_refs` and `changes_count` as far as they are ready. */
export const mergeRequestDetail = async (world: World, mergeRequest: MergeRequest, user: User | null) => {
  const version = mergeRequest.readsUntilReady === 0 ? latestVersion(mergeRequest) : null;
  const files =
    version === null ? null : await mergeRequest.project.repository.diff(version.base, version.head);
  return {
    ...mergeRequestEntity(world, mergeRequest),
    subscribed: false,
    changes_count: files === null || files.length === 0 ? null : countChanges(world, files),
    pipeline: null,
    head_pipeline: null,
    diff_refs:
      version === null ? null : { base_sha: version.base, head_sha: version.head, start_sha: version.start },
    merge_error: null,
    user: { can_merge: accessLevel(mergeRequest.project, user) >= ACCESS_LEVELS.developer },
  };
};

/** A diff version; `patch_id_sha` is not modelled and null. */
export const versionEntity = (mergeRequest: MergeRequest, version: DiffVersion, files: number) => ({
  id: version.id,
  head_commit_sha: version.head,
  base_commit_sha: version.base,
  start_commit_sha: version.start,
  created_at: version.createdAt,
  merge_request_id: mergeRequest.id,
  state: "collected",
  real_size: String(files),
  patch_id_sha: null,
});

/** A commit. */
export const commitEntity = (world: World, project: Project, commit: CommitInfo) => ({
  id: commit.sha,
  short_id: commit.sha.slice(0, 8),
  created_at: commit.at,
  parent_ids: commit.parents,
  title: commit.message.split("\n")[0] ?? "",
  message: commit.message,
  author_name: commit.authorName,
  author_email: commit.authorEmail,
  authored_date: commit.at,
  committer_name: commit.authorName,
  committer_email: commit.authorEmail,
  committed_date: commit.at,
  trailers: {},
  web_url: `${projectUrl(world, project)}/-/commit/${commit.sha}`,
});

/** A note. */
export const noteEntity = (world: World, mergeRequest: MergeRequest, note: Note) => ({
  id: note.id,
  type: note.type,
  body: note.body,
  attachment: null,
  author: userEntity(world, note.author),
  created_at: note.createdAt,
  updated_at: note.updatedAt,
  system: note.system,
  noteable_id: mergeRequest.id,
  noteable_type: "MergeRequest",
  project_id: mergeRequest.project.id,
  ...(note.type === "DiffNote" ? { commit_id: null, position: note.position } : {}),
  resolvable: note.resolvable,
  ...(note.resolvable
    ? { resolved: note.resolved, resolved_by: orNull(world, note.resolvedBy), resolved_at: note.resolvedAt }
    : {}),
  confidential: note.internal,
  internal: note.internal,
  imported: false,
  imported_from: "none",
  noteable_iid: mergeRequest.iid,
  commands_changes: note.commandsChanges,
});

/** A discussion with its notes. */
export const discussionEntity = (world: World, mergeRequest: MergeRequest, discussion: Discussion) => ({
  id: discussion.id,
  individual_note: discussion.individual,
  notes: discussion.notes.map((note) => noteEntity(world, mergeRequest, note)),
});

/** A draft of a review. */
export const draftEntity = (mergeRequest: MergeRequest, draft: DraftNote) => ({
  id: draft.id,
  author_id: draft.author.id,
  merge_request_id: mergeRequest.id,
  resolve_discussion: draft.resolveDiscussion,
  discussion_id: draft.discussionId,
  note: draft.note,
  commit_id: null,
  line_code: draft.lineCode,
  position: draft.position ?? {
    base_sha: null,
    start_sha: null,
    head_sha: null,
    old_path: null,
    new_path: null,
    position_type: "text",
    old_line: null,
    new_line: null,
    line_range: null,
  },
});
