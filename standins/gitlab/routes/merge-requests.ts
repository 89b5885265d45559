import { isAbsent } from "../absent.ts";
import { z } from "zod";
import { invalidParameter, json, forbidden, notFound } from "../answers.ts";
import { findMergeRequest, findProject, requireCode, requireUser } from "../auth.ts";
import { mayReadCode, mayUpdate } from "../context.ts";
import { mergeRequestDetail, mergeRequestEntity } from "../entities.ts";
import { updateMergeRequest } from "../lifecycle.ts";
import { paginate } from "../pagination.ts";
import { Flag, Integer, List, parseParams, Text } from "../params.ts";
import { runCommands } from "../quick-actions.ts";
import { get, put } from "../router.ts";
import type { ApiRequest, Route } from "../router.ts";
import type { MergeRequest } from "../state.ts";
import { closeMergeRequest, reopenMergeRequest } from "../transitions.ts";
import { isDraft } from "../urls.ts";
import { canSee } from "../world.ts";

const DateTime = z.string().refine((text) => !Number.isNaN(Date.parse(text)));

const ListInput = z.object({
  state: z.enum(["opened", "closed", "locked", "merged", "all"]).nullish(),
  /** Lists of a project or a group hold everybody's unless told; narrower scopes are not modelled. */
  scope: z.enum(["all"]).nullish(),
  target_branch: Text.nullish(),
  source_branch: Text.nullish(),
  labels: List.nullish(),
  author_id: Integer.nullish(),
  author_username: z.string().nullish(),
  reviewer_username: z.string().nullish(),
  wip: z.enum(["yes", "no"]).nullish(),
  draft: Flag.nullish(),
  search: z.string().nullish(),
  iids: z.array(Integer).nullish(),
  updated_after: DateTime.nullish(),
  updated_before: DateTime.nullish(),
  created_after: DateTime.nullish(),
  created_before: DateTime.nullish(),
  order_by: z.enum(["created_at", "updated_at", "merged_at", "title"]).nullish(),
  sort: z.enum(["asc", "desc"]).nullish(),
});
type ListInput = z.output<typeof ListInput>;

const same = <T>(wanted: T | null | undefined, value: T): boolean => isAbsent(wanted) || wanted === value;

const inTime = (
  value: string,
  after: string | null | undefined,
  before: string | null | undefined,
): boolean =>
  (isAbsent(after) || Date.parse(value) >= Date.parse(after)) &&
  (isAbsent(before) || Date.parse(value) <= Date.parse(before));

const fits = (input: ListInput, candidate: MergeRequest): boolean =>
  (input.state === "all" || same(input.state, candidate.state)) &&
  same(input.target_branch, candidate.targetBranch) &&
  same(input.source_branch, candidate.sourceBranch) &&
  same(input.author_id, candidate.author.id) &&
  same(input.author_username, candidate.author.username) &&
  (input.labels ?? []).every((label) => candidate.labels.includes(label)) &&
  (isAbsent(input.reviewer_username) ||
    candidate.reviewers.some((reviewer) => reviewer.user.username === input.reviewer_username)) &&
  same(input.wip, isDraft(candidate) ? "yes" : "no") &&
  same(input.draft, isDraft(candidate)) &&
  (isAbsent(input.iids) || input.iids.includes(candidate.iid)) &&
  `${candidate.title}\n${candidate.description}`.toLowerCase().includes((input.search ?? "").toLowerCase()) &&
  inTime(candidate.updatedAt, input.updated_after, input.updated_before) &&
  inTime(candidate.createdAt, input.created_after, input.created_before);

const sortKey = (input: ListInput, candidate: MergeRequest): string => {
  switch (input.order_by ?? "created_at") {
    case "created_at":
      return candidate.createdAt;
    case "updated_at":
      return candidate.updatedAt;
    case "merged_at":
      return candidate.mergedAt ?? "";
    case "title":
      return candidate.title;
  }
};

const list = (request: ApiRequest) => {
  const { context, caller, path } = request;
  const project = findProject(context.world, caller, path("id"));
  requireCode(project, caller);
  return listOf(request, project.mergeRequests);
};

/** The merge requests of a group's projects that the caller may read; archived projects count unless told. */
const groupList = (request: ApiRequest) => {
  const { context, caller, path, params } = request;
  const group = path("id");
  const { non_archived: active } = parseParams(z.object({ non_archived: Flag.nullish() }), params);
  const inside = context.world.projects.filter(
    (project) => project.path.startsWith(`${group}/`) && canSee(project, caller.user),
  );
  if (inside.length === 0) throw notFound("Group");
  const readable = inside.filter(
    (project) => mayReadCode(project, caller.user) && !(active === true && project.archived),
  );
  return listOf(
    request,
    readable.flatMap((project) => project.mergeRequests),
  );
};

const listOf = (request: ApiRequest, mergeRequests: readonly MergeRequest[]) => {
  const { context, params } = request;
  const input = parseParams(ListInput, params);
  const direction = input.sort === "asc" ? 1 : -1;
  const found = mergeRequests
    .filter((candidate) => fits(input, candidate))
    .toSorted((one, other) => {
      const [left, right] = [sortKey(input, one), sortKey(input, other)];
      return direction * (left < right ? -1 : left > right ? 1 : one.id - other.id);
    });
  return paginate(request, found, (candidate) => mergeRequestEntity(context.world, candidate));
};

const show = async ({ context, caller, path }: ApiRequest) => {
  const project = findProject(context.world, caller, path("id"));
  const found = findMergeRequest(project, caller, path("iid"));
  const answer = json(await mergeRequestDetail(context.world, found, caller.user));
  if (found.readsUntilReady > 0) found.readsUntilReady -= 1;
  return answer;
};

const UpdateInput = z.object({
  title: z.string().nullish(),
  description: z.string().nullish(),
  target_branch: z.string().nullish(),
  state_event: z.enum(["close", "reopen"]).nullish(),
  labels: List.nullish(),
  add_labels: List.nullish(),
  remove_labels: List.nullish(),
  reviewer_ids: z.array(Integer).nullish(),
  assignee_ids: z.array(Integer).nullish(),
  discussion_locked: Flag.nullish(),
});
type UpdateInput = z.output<typeof UpdateInput>;

const nextLabels = (input: UpdateInput, present: readonly string[]): readonly string[] => {
  const removed = new Set(input.remove_labels ?? []);
  return [...(input.labels ?? present), ...(input.add_labels ?? [])].filter((label) => !removed.has(label));
};

const update = async ({ context, caller, path, params }: ApiRequest) => {
  const user = requireUser(caller);
  const project = findProject(context.world, caller, path("id"));
  const found = findMergeRequest(project, caller, path("iid"));
  const input = parseParams(UpdateInput, params);
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  if (given.length === 0) {
    throw invalidParameter(
      `${Object.keys(UpdateInput.shape).join(", ")} are missing, at least one parameter must be provided`,
    );
  }
  if (!mayUpdate(found, user)) throw forbidden();
  const users = (ids: readonly number[]) =>
    context.world.users.filter((candidate) => ids.includes(candidate.id));
  const text = isAbsent(input.description)
    ? null
    : await runCommands(context, found, user, input.description);
  if (!isAbsent(input.discussion_locked)) found.discussionLocked = input.discussion_locked;
  await updateMergeRequest(context, found, user, {
    labels: nextLabels(input, found.labels),
    ...(isAbsent(input.title) ? {} : { title: input.title }),
    ...(text === null ? {} : { description: text.text }),
    ...(isAbsent(input.target_branch) ? {} : { targetBranch: input.target_branch }),
    ...(isAbsent(input.reviewer_ids) ? {} : { reviewers: users(input.reviewer_ids) }),
    ...(isAbsent(input.assignee_ids) ? {} : { assignees: users(input.assignee_ids) }),
  });
  if (input.state_event === "close") await closeMergeRequest(context, found, user);
  if (input.state_event === "reopen") await reopenMergeRequest(context, found, user);
  return json(await mergeRequestDetail(context.world, found, user));
};

/** Merge requests: list, show and update. */
export const mergeRequestRoutes: readonly Route[] = [
  get("projects/:id/merge_requests", list),
  get("groups/:id/merge_requests", groupList),
  get("projects/:id/merge_requests/:iid", show),
  put("projects/:id/merge_requests/:iid", update),
];
