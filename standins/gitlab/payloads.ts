import { isDraft, mergeRequestUrl, noteUrl, projectUrl } from "./urls.ts";
import type { CommitInfo } from "./repository.ts";
import type { Award, Discussion, MergeRequest, Note, Project, User } from "./state.ts";
import { latestVersion } from "./world.ts";
import type { World } from "./world.ts";

/** `changes` of a merge request event: previous and current value by attribute. */
export type Changes = Readonly<Record<string, { readonly previous: unknown; readonly current: unknown }>>;

/** A person in a payload; addresses are redacted as GitLab does. */
export const userPayload = (user: User) => ({
  id: user.id,
  name: user.name,
  username: user.username,
  avatar_url: null,
  email: "[REDACTED]",
});

/** A label in a payload. */
export const labelPayload = (project: Project, title: string) => ({
  title,
  color: "#6699cc",
  project_id: project.id,
  template: false,
  description: null,
  type: "ProjectLabel",
});

const VISIBILITY_LEVELS = { private: 0, internal: 10, public: 20 } as const;

const projectPayload = (world: World, project: Project) => {
  const web = projectUrl(world, project);
  const ssh = `git@gitlab.invalid:${project.path}.git`;
  return {
    id: project.id,
    name: project.name,
    description: project.description,
    web_url: web,
    avatar_url: null,
    git_ssh_url: ssh,
    git_http_url: `${web}.git`,
    namespace: project.path.split("/").at(-2) ?? "",
    visibility_level: VISIBILITY_LEVELS[project.visibility],
    path_with_namespace: project.path,
    default_branch: project.defaultBranch,
    ci_config_path: null,
    homepage: web,
    url: ssh,
    ssh_url: ssh,
    http_url: `${web}.git`,
  };
};

const repositoryPayload = (world: World, project: Project) => ({
  name: project.name,
  url: `git@gitlab.invalid:${project.path}.git`,
  description: project.description,
  homepage: projectUrl(world, project),
});

const commitPayload = (world: World, project: Project, commit: CommitInfo) => ({
  id: commit.sha,
  message: commit.message,
  title: commit.message.split("\n")[0] ?? "",
  timestamp: commit.at,
  url: `${projectUrl(world, project)}/-/commit/${commit.sha}`,
  author: { name: commit.authorName, email: "[REDACTED]" },
});

/** Whether events say `draft`; GitLab 16 and older have `work_in_progress` alone, and no draft among the changes. */
export const namesDrafts = ({ atLeast }: World): boolean => atLeast(17, 0);

/** A reviewer in a payload; who is asked again is marked from 18.5 on. */
export const reviewerPayload = (
  world: World,
  reviewer: MergeRequest["reviewers"][number],
  rerequested: readonly number[],
) => ({
  ...userPayload(reviewer.user),
  ...(world.atLeast(18, 5)
    ? { state: reviewer.state, re_requested: rerequested.includes(reviewer.user.id) }
    : {}),
});

/** The merge request's attributes, the same in merge request and note events. */
const mergeRequestAttributes = async (world: World, mergeRequest: MergeRequest) => {
  const { project, sourceProject } = mergeRequest;
  const head = latestVersion(mergeRequest)?.head ?? null;
  const commit = head === null ? null : await project.repository.commitInfo(head);
  const draft = isDraft(mergeRequest);
  return {
    id: mergeRequest.id,
    iid: mergeRequest.iid,
    title: mergeRequest.title,
    description: mergeRequest.description,
    state: mergeRequest.state,
    state_id: { opened: 1, closed: 2, merged: 3, locked: 4 }[mergeRequest.state],
    author_id: mergeRequest.author.id,
    assignee_id: mergeRequest.assignees[0]?.id ?? null,
    assignee_ids: mergeRequest.assignees.map((user) => user.id),
    reviewer_ids: mergeRequest.reviewers.map((reviewer) => reviewer.user.id),
    source_branch: mergeRequest.sourceBranch,
    target_branch: mergeRequest.targetBranch,
    source_project_id: sourceProject?.id ?? null,
    target_project_id: project.id,
    source: sourceProject === null ? null : projectPayload(world, sourceProject),
    target: projectPayload(world, project),
    last_commit: commit === null ? null : commitPayload(world, project, commit),
    labels: mergeRequest.labels.map((title) => labelPayload(project, title)),
    ...(namesDrafts(world) ? { draft } : {}),
    work_in_progress: draft,
    merge_status: "can_be_merged",
    detailed_merge_status: draft ? "draft_status" : "mergeable",
    merge_commit_sha: mergeRequest.mergeCommitSha,
    merge_when_pipeline_succeeds: false,
    blocking_discussions_resolved: true,
    created_at: mergeRequest.createdAt,
    updated_at: mergeRequest.updatedAt,
    url: mergeRequestUrl(world, mergeRequest),
  };
};

/** What is particular to one merge request event. */
export type MergeRequestEventInput = {
  readonly user: User;
  readonly action: string;
  readonly oldrev?: string;
  readonly changes?: Changes;
  readonly system?: boolean;
  readonly rerequested?: readonly number[];
};

/** The body of a `Merge Request Hook`. */
export const mergeRequestPayload = async (
  world: World,
  mergeRequest: MergeRequest,
  input: MergeRequestEventInput,
) => {
  const { project } = mergeRequest;
  return {
    object_kind: "merge_request",
    event_type: "merge_request",
    user: userPayload(input.user),
    project: projectPayload(world, project),
    object_attributes: {
      ...(await mergeRequestAttributes(world, mergeRequest)),
      action: input.action,
      system: input.system ?? false,
      ...(input.oldrev === undefined ? {} : { oldrev: input.oldrev }),
    },
    labels: mergeRequest.labels.map((title) => labelPayload(project, title)),
    changes: input.changes ?? {},
    repository: repositoryPayload(world, project),
    assignees: mergeRequest.assignees.map(userPayload),
    reviewers: mergeRequest.reviewers.map((reviewer) =>
      reviewerPayload(world, reviewer, input.rerequested ?? []),
    ),
  };
};

/** A note's attributes, the same in note and emoji events. */
const noteAttributes = (world: World, mergeRequest: MergeRequest, discussion: Discussion, note: Note) => ({
  id: note.id,
  note: note.body,
  description: note.body,
  noteable_type: "MergeRequest",
  noteable_id: mergeRequest.id,
  author_id: note.author.id,
  discussion_id: discussion.id,
  type: note.type,
  position: note.position,
  original_position: note.originalPosition,
  line_code: note.lineCode,
  commit_id: null,
  system: note.system,
  internal: note.internal,
  project_id: mergeRequest.project.id,
  resolved_at: note.resolvedAt,
  resolved_by_id: note.resolvedBy?.id ?? null,
  created_at: note.createdAt,
  updated_at: note.updatedAt,
  url: noteUrl(world, mergeRequest, note.id),
});

/** The body of a `Note Hook`, on a merge request. */
export const notePayload = async (
  world: World,
  mergeRequest: MergeRequest,
  discussion: Discussion,
  note: Note,
  action: "create" | "update",
) => {
  const { project } = mergeRequest;
  return {
    object_kind: "note",
    event_type: note.internal ? "confidential_note" : "note",
    user: userPayload(note.author),
    project_id: project.id,
    project: projectPayload(world, project),
    object_attributes: { ...noteAttributes(world, mergeRequest, discussion, note), action },
    repository: repositoryPayload(world, project),
    merge_request: await mergeRequestAttributes(world, mergeRequest),
  };
};

/** What a push moved. */
export type PushInput = {
  readonly user: User;
  readonly branch: string;
  readonly before: string;
  readonly after: string;
  readonly commits: readonly CommitInfo[];
};

/** The body of a `Push Hook`; at most the 20 newest commits are listed, as GitLab does. */
export const pushPayload = (world: World, project: Project, push: PushInput) => ({
  object_kind: "push",
  event_name: "push",
  before: push.before,
  after: push.after,
  ref: `refs/heads/${push.branch}`,
  ref_protected: push.branch === project.defaultBranch,
  checkout_sha: /^0+$/.test(push.after) ? null : push.after,
  message: null,
  user_id: push.user.id,
  user_name: push.user.name,
  user_username: push.user.username,
  user_email: null,
  user_avatar: null,
  project_id: project.id,
  project: projectPayload(world, project),
  commits: push.commits.slice(0, 20).map((commit) => commitPayload(world, project, commit)),
  total_commits_count: push.commits.length,
  push_options: {},
  repository: repositoryPayload(world, project),
});

/** The note of an emoji event on one, as GitLab sends it along. */
const awardedNote = (world: World, mergeRequest: MergeRequest, award: Award) => {
  if (award.awardableType !== "Note") return {};
  for (const discussion of mergeRequest.discussions) {
    const note = discussion.notes.find(({ id }) => id === award.awardableId);
    if (note !== undefined) return { note: noteAttributes(world, mergeRequest, discussion, note) };
  }
  return {};
};

/** The body of an `Emoji Hook`. */
export const emojiPayload = async (
  world: World,
  mergeRequest: MergeRequest,
  award: Award,
  action: "award" | "revoke",
) => ({
  object_kind: "emoji",
  event_type: action,
  user: userPayload(award.user),
  project_id: mergeRequest.project.id,
  project: projectPayload(world, mergeRequest.project),
  object_attributes: {
    id: award.id,
    user_id: award.user.id,
    name: award.name,
    awardable_type: award.awardableType,
    awardable_id: award.awardableId,
    created_at: award.createdAt,
    updated_at: award.createdAt,
    action,
    awarded_on_url:
      award.awardableType === "Note"
        ? noteUrl(world, mergeRequest, award.awardableId)
        : mergeRequestUrl(world, mergeRequest),
  },
  ...awardedNote(world, mergeRequest, award),
  merge_request: await mergeRequestAttributes(world, mergeRequest),
});
