import { addSystemNote } from "./context.ts";
import type { Context } from "./context.ts";
import {
  labelPayload,
  mergeRequestPayload,
  namesDrafts,
  pushPayload,
  reviewerPayload,
  userPayload,
} from "./payloads.ts";
import type { Changes, MergeRequestEventInput } from "./payloads.ts";
import { tracePosition } from "./position-tracing.ts";
import type { MergeRequest, Project, User } from "./state.ts";
import { isDraft } from "./urls.ts";
import { latestVersion } from "./world.ts";
import type { World } from "./world.ts";

const NOTHING = "0".repeat(40);

/** Sends a merge request event to the project's hooks. */
export const fireMergeRequest = async (
  context: Context,
  mergeRequest: MergeRequest,
  input: MergeRequestEventInput,
): Promise<void> => {
  if (!context.hooks.wants(mergeRequest.project, "merge_requests_events")) return;
  const payload = await mergeRequestPayload(context.world, mergeRequest, input);
  context.hooks.fire(mergeRequest.project, {
    flag: "merge_requests_events",
    trigger: "merge_request_hooks",
    event: "Merge Request Hook",
    payload,
  });
};

/** What opens a merge request; the branches exist. */
export type OpenInput = {
  readonly author: User;
  readonly sourceProject: Project;
  readonly sourceBranch: string;
  readonly targetBranch: string;
  readonly title: string;
  readonly description: string;
  readonly labels: readonly string[];
  readonly reviewers: readonly User[];
  readonly diffReadyAfterReads: number;
};

const recordVersion = async (context: Context, mergeRequest: MergeRequest, head: string): Promise<void> => {
  const { project, sourceProject } = mergeRequest;
  if (sourceProject !== null && sourceProject !== project) {
    await project.repository.fetchFrom(sourceProject.repository.folder, head);
  }
  const start = await project.repository.resolve(`refs/heads/${mergeRequest.targetBranch}`);
  if (start === null) throw new Error(`the target branch ${mergeRequest.targetBranch} does not exist`);
  const base = await project.repository.mergeBase(start, head);
  const id = context.world.nextId("version");
  mergeRequest.versions.push({ id, base: base ?? start, start, head, createdAt: context.world.timestamp() });
};

/** Opens a merge request and fires `open`. */
export const openMergeRequest = async (
  context: Context,
  project: Project,
  input: OpenInput,
): Promise<MergeRequest> => {
  const { world } = context;
  const head = await input.sourceProject.repository.resolve(`refs/heads/${input.sourceBranch}`);
  if (head === null) throw new Error(`the source branch ${input.sourceBranch} does not exist`);
  const at = world.timestamp();
  const mergeRequest: MergeRequest = {
    id: world.nextId("merge request"),
    iid: project.mergeRequests.length + 1,
    project,
    sourceProject: input.sourceProject,
    sourceBranch: input.sourceBranch,
    targetBranch: input.targetBranch,
    title: input.title,
    description: input.description,
    state: "opened",
    author: input.author,
    labels: [...input.labels],
    reviewers: input.reviewers.map((user) => ({ user, state: "unreviewed" })),
    assignees: [],
    approvedBy: [],
    createdAt: at,
    updatedAt: at,
    mergedAt: null,
    mergedBy: null,
    closedAt: null,
    closedBy: null,
    mergeCommitSha: null,
    discussionLocked: false,
    versions: [],
    readsUntilReady: input.diffReadyAfterReads,
    discussions: [],
    drafts: [],
  };
  project.mergeRequests.push(mergeRequest);
  await recordVersion(context, mergeRequest, head);
  await fireMergeRequest(context, mergeRequest, { user: input.author, action: "open" });
  return mergeRequest;
};

const moveThreads = async (mergeRequest: MergeRequest): Promise<void> => {
  const version = latestVersion(mergeRequest);
  if (version === null) return;
  for (const note of mergeRequest.discussions.flatMap((discussion) => discussion.notes)) {
    if (note.position === null) continue;
    note.position = await tracePosition(mergeRequest.project.repository, note.position, version);
  }
};

const refresh = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
  head: string,
  readsUntilReady: number,
): Promise<void> => {
  const oldrev = latestVersion(mergeRequest)?.head;
  if (oldrev === head) return;
  await recordVersion(context, mergeRequest, head);
  mergeRequest.readsUntilReady = readsUntilReady;
  mergeRequest.updatedAt = context.world.timestamp();
  await moveThreads(mergeRequest);
  addSystemNote(context.world, mergeRequest, user, `added commits up to ${head}`);
  await fireMergeRequest(context, mergeRequest, {
    user,
    action: "update",
    ...(oldrev === undefined ? {} : { oldrev }),
  });
};

/** A branch that moved; `after` is null where it was deleted. */
export type PushedBranch = {
  readonly user: User;
  readonly branch: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly diffReadyAfterReads?: number;
};

const firePush = async (context: Context, project: Project, push: PushedBranch): Promise<void> => {
  if (!context.hooks.wants(project, "push_events")) return;
  const { branch, before, after, user } = push;
  const commits =
    after === null || before === null ? [] : await project.repository.commitsBetween(before, after);
  const moved = { user, branch, before: before ?? NOTHING, after: after ?? NOTHING, commits };
  context.hooks.fire(project, {
    flag: "push_events",
    trigger: "push_hooks",
    event: "Push Hook",
    branch,
    payload: pushPayload(context.world, project, moved),
  });
};

/** After a branch has moved: the push event, then a new diff version for each open merge request from it. */
export const afterPush = async (context: Context, project: Project, push: PushedBranch): Promise<void> => {
  const { branch, after, user } = push;
  await firePush(context, project, push);
  if (after === null) return;
  const affected = context.world.projects
    .flatMap((candidate) => candidate.mergeRequests)
    .filter(
      (mergeRequest) =>
        mergeRequest.state === "opened" &&
        mergeRequest.sourceProject === project &&
        mergeRequest.sourceBranch === branch,
    );
  for (const mergeRequest of affected) {
    await refresh(context, mergeRequest, user, after, push.diffReadyAfterReads ?? 0);
  }
};

/** Attributes to change; what is left out stays. */
export type MergeRequestUpdate = {
  readonly title?: string;
  readonly description?: string;
  readonly targetBranch?: string;
  readonly labels?: readonly string[];
  readonly reviewers?: readonly User[];
  readonly assignees?: readonly User[];
  /** Reviewers who are asked again. */
  readonly rerequested?: readonly User[];
};

const snapshot = (
  world: World,
  mergeRequest: MergeRequest,
  rerequested: readonly number[],
): Record<string, unknown> => ({
  title: mergeRequest.title,
  description: mergeRequest.description,
  ...(namesDrafts(world) ? { draft: isDraft(mergeRequest) } : {}),
  target_branch: mergeRequest.targetBranch,
  labels: mergeRequest.labels.map((title) => labelPayload(mergeRequest.project, title)),
  assignees: mergeRequest.assignees.map(userPayload),
  reviewers: mergeRequest.reviewers.map((reviewer) => reviewerPayload(world, reviewer, rerequested)),
});

const changesBetween = (before: Record<string, unknown>, after: Record<string, unknown>): Changes =>
  Object.fromEntries(
    Object.keys(before)
      .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
      .map((key) => [key, { previous: before[key], current: after[key] }]),
  );

const applyUpdate = (mergeRequest: MergeRequest, update: MergeRequestUpdate): void => {
  if (update.title !== undefined) mergeRequest.title = update.title;
  if (update.description !== undefined) mergeRequest.description = update.description;
  if (update.labels !== undefined) mergeRequest.labels = [...new Set(update.labels)];
  if (update.assignees !== undefined) mergeRequest.assignees = [...update.assignees];
  if (update.reviewers !== undefined) {
    mergeRequest.reviewers = update.reviewers.map(
      (user) =>
        mergeRequest.reviewers.find((reviewer) => reviewer.user.id === user.id) ?? {
          user,
          state: "unreviewed",
        },
    );
  }
  for (const reviewer of mergeRequest.reviewers) {
    if (update.rerequested?.some((user) => user.id === reviewer.user.id) === true)
      reviewer.state = "unreviewed";
  }
};

/** Changes attributes and fires `update` with what changed; nothing fires where nothing did. */
export const updateMergeRequest = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
  update: MergeRequestUpdate,
): Promise<void> => {
  const rerequested = (update.rerequested ?? []).map((reviewer) => reviewer.id);
  const before = snapshot(context.world, mergeRequest, []);
  const head = latestVersion(mergeRequest)?.head;
  applyUpdate(mergeRequest, update);
  if (
    update.targetBranch !== undefined &&
    update.targetBranch !== mergeRequest.targetBranch &&
    head !== undefined
  ) {
    mergeRequest.targetBranch = update.targetBranch;
    await recordVersion(context, mergeRequest, head);
    await moveThreads(mergeRequest);
  }
  const changes = changesBetween(before, snapshot(context.world, mergeRequest, rerequested));
  if (Object.keys(changes).length === 0) return;
  mergeRequest.updatedAt = context.world.timestamp();
  await fireMergeRequest(context, mergeRequest, { user, action: "update", changes, rerequested });
};

/** The most merge requests that GitLab retargets when a branch is gone. */
const MOST_RETARGETED = 4;

/**
 * After the source branch of a merged merge request was deleted: open merge requests that target it are given
 * the branch that it was merged into, as an update of theirs.
 *
 * @see https://docs.gitlab.com/user/project/merge_requests/#update-merge-requests-when-target-branch-merges
 */
export const retargetChain = async (
  context: Context,
  project: Project,
  user: User,
  branch: string,
): Promise<void> => {
  const merged = project.mergeRequests.findLast(
    ({ state, sourceBranch, sourceProject }) =>
      state === "merged" && sourceBranch === branch && sourceProject === project,
  );
  if (merged === undefined) return;
  const stacked = project.mergeRequests.filter(
    ({ state, targetBranch }) => state === "opened" && targetBranch === branch,
  );
  for (const mergeRequest of stacked.slice(0, MOST_RETARGETED))
    await updateMergeRequest(context, mergeRequest, user, { targetBranch: merged.targetBranch });
};
