import { addSystemNote } from "./context.ts";
import type { Context } from "./context.ts";
import { afterPush, fireMergeRequest } from "./lifecycle.ts";
import { reviewerPayload } from "./payloads.ts";
import type { MergeRequest, User } from "./state.ts";
import { latestVersion } from "./world.ts";

/** Closes an open merge request and fires `close`. */
export const closeMergeRequest = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
): Promise<void> => {
  if (mergeRequest.state !== "opened") return;
  mergeRequest.state = "closed";
  mergeRequest.closedAt = context.world.timestamp();
  mergeRequest.closedBy = user;
  mergeRequest.updatedAt = mergeRequest.closedAt;
  addSystemNote(context.world, mergeRequest, user, "closed");
  await fireMergeRequest(context, mergeRequest, { user, action: "close" });
};

/** Reopens a closed merge request and fires `reopen`. */
export const reopenMergeRequest = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
): Promise<void> => {
  if (mergeRequest.state !== "closed") return;
  mergeRequest.state = "opened";
  mergeRequest.closedAt = null;
  mergeRequest.closedBy = null;
  mergeRequest.updatedAt = context.world.timestamp();
  addSystemNote(context.world, mergeRequest, user, "reopened");
  await fireMergeRequest(context, mergeRequest, { user, action: "reopen" });
};

/** Merges with a merge commit and fires `merge` and the target's push. False where the branches conflict. */
export const mergeMergeRequest = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
): Promise<boolean> => {
  const { project, targetBranch } = mergeRequest;
  const { repository } = project;
  const head = latestVersion(mergeRequest)?.head;
  const target = await repository.resolve(`refs/heads/${targetBranch}`);
  if (mergeRequest.state !== "opened" || head === undefined || target === null) return false;
  const tree = await repository.mergeTree(target, head);
  if (tree === null) return false;
  const merged = await repository.commitTree(
    tree.split("\n")[0] ?? tree,
    [target, head],
    `Merge branch '${mergeRequest.sourceBranch}' into '${targetBranch}'`,
  );
  await repository.setBranch(targetBranch, merged);
  mergeRequest.state = "merged";
  mergeRequest.mergeCommitSha = merged;
  mergeRequest.mergedAt = context.world.timestamp();
  mergeRequest.mergedBy = user;
  mergeRequest.updatedAt = mergeRequest.mergedAt;
  addSystemNote(context.world, mergeRequest, user, "merged");
  await fireMergeRequest(context, mergeRequest, { user, action: "merge" });
  await afterPush(context, project, { user, branch: targetBranch, before: target, after: merged });
  return true;
};

/** Approves for a user, once; fires `approved`. */
export const approveMergeRequest = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
): Promise<void> => {
  if (mergeRequest.approvedBy.some((approver) => approver.id === user.id)) return;
  mergeRequest.approvedBy.push(user);
  mergeRequest.updatedAt = context.world.timestamp();
  addSystemNote(context.world, mergeRequest, user, "approved this merge request");
  await fireMergeRequest(context, mergeRequest, { user, action: "approved" });
};

/** Takes an approval back; fires `unapproved`. */
export const unapproveMergeRequest = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
): Promise<void> => {
  const at = mergeRequest.approvedBy.findIndex((approver) => approver.id === user.id);
  if (at === -1) return;
  mergeRequest.approvedBy.splice(at, 1);
  mergeRequest.updatedAt = context.world.timestamp();
  addSystemNote(context.world, mergeRequest, user, "unapproved this merge request");
  await fireMergeRequest(context, mergeRequest, { user, action: "unapproved" });
};

/** A submitted review sets the reviewer's state; from 19.3 that fires `update` with the reviewers before and after. */
export const submitReview = async (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
  state: "reviewed" | "approved" | "unreviewed" = "reviewed",
): Promise<void> => {
  const reviewer = mergeRequest.reviewers.find((candidate) => candidate.user.id === user.id);
  if (reviewer === undefined || reviewer.state === state) return;
  const states = () => mergeRequest.reviewers.map((one) => reviewerPayload(context.world, one, []));
  const previous = states();
  reviewer.state = state;
  if (!context.world.atLeast(19, 3)) return;
  await fireMergeRequest(context, mergeRequest, {
    user,
    action: "update",
    changes: { reviewers: { previous, current: states() } },
  });
};
