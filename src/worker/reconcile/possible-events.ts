import type { ListedMergeRequest } from "../../review/change-feed.ts";
import type { MergeRequestHistory } from "../../review/decide.ts";
import type { MergeRequestEvent } from "../../review/delivery-event.ts";

/** GitLab gives every user a number above it. */
const NOBODY = { id: 0, username: "" };

/**
 * The events that can have led to what a list shows, the likeliest first. A list tells how things are and
 * not what happened: whether commits were added shows only against heads that are known, and whether a draft
 * was made ready or a merge request reopened never does.
 */
export const possibleEvents = (
  listed: ListedMergeRequest,
  history: MergeRequestHistory,
): readonly MergeRequestEvent[] => {
  const known = [history.queued?.headSha, history.active?.headSha, ...history.reviewedHeads];
  const previous = known.find((head) => typeof head === "string" && head !== listed.headSha) ?? null;
  const event = toEvent(listed);
  const updated = { ...event, action: "update", oldRev: previous, becameReady: !listed.draft };
  const reopened = { ...event, action: "reopen" };
  if (previous !== null) return [updated, reopened];
  // Labels and reviewers of one that had a review may have been there for long; of a new one they ask.
  const opened = {
    ...event,
    action: "open",
    labelsAdded: listed.labels,
    reviewersAdded: listed.reviewerIds,
  };
  return [opened, updated, reopened];
};

/** A listed merge request as an event in which nothing happened. */
export const toEvent = (listed: ListedMergeRequest): MergeRequestEvent => ({
  kind: "merge_request",
  project: listed.project,
  user: listed.author ?? NOBODY,
  iid: listed.iid,
  action: null,
  state: listed.state,
  draft: listed.draft,
  title: listed.title,
  description: listed.description,
  url: listed.url,
  authorId: listed.author?.id ?? null,
  sourceBranch: listed.sourceBranch,
  targetBranch: listed.targetBranch,
  sourceProjectId: listed.sourceProjectId,
  headSha: listed.headSha,
  oldRev: null,
  labels: listed.labels,
  labelsAdded: [],
  reviewersAdded: [],
  reviewersAskedAgain: [],
  becameReady: false,
  retargeted: false,
});
