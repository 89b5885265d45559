import { mayUpdate } from "./context.ts";
import type { Context } from "./context.ts";
import { updateMergeRequest } from "./lifecycle.ts";
import type { MergeRequest, User } from "./state.ts";
import {
  approveMergeRequest,
  closeMergeRequest,
  mergeMergeRequest,
  reopenMergeRequest,
  unapproveMergeRequest,
} from "./transitions.ts";
import { isDraft, withDraft } from "./urls.ts";
import { ACCESS_LEVELS } from "./state.ts";
import { accessLevel } from "./world.ts";

type Run = (
  context: Context,
  mergeRequest: MergeRequest,
  user: User,
  args: string,
) => Promise<Record<string, unknown>>;
/** Who may run a command, what it does, and what GitLab says then. */
export type Action = {
  readonly may: (mergeRequest: MergeRequest, user: User) => boolean;
  readonly run: Run;
  readonly says: string;
};

const isDeveloper = (mergeRequest: MergeRequest, user: User): boolean =>
  accessLevel(mergeRequest.project, user) >= ACCESS_LEVELS.developer;

const labelsIn = (args: string): readonly string[] =>
  [...args.matchAll(/~"([^"]+)"|~(\S+)|"([^"]+)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? "",
  );

const usersIn = (context: Context, user: User, args: string): readonly User[] =>
  args
    .split(/\s+/)
    .map((word) => (word === "me" ? user.username : word.replace(/^@/, "")))
    .flatMap((name) => context.world.users.filter((candidate) => candidate.username === name));

const relabel =
  (next: (before: readonly string[], named: readonly string[]) => readonly string[], key: string): Run =>
  async (context, mergeRequest, user, args) => {
    const named = labelsIn(args);
    await updateMergeRequest(context, mergeRequest, user, { labels: next(mergeRequest.labels, named) });
    return { [key]: named };
  };

const setDraft =
  (draft: (mergeRequest: MergeRequest) => boolean): Run =>
  async (context, mergeRequest, user) => {
    await updateMergeRequest(context, mergeRequest, user, {
      title: withDraft(mergeRequest.title, draft(mergeRequest)),
    });
    return { wip_event: isDraft(mergeRequest) ? "draft" : "ready" };
  };

const addReviewers: Run = async (context, mergeRequest, user, args) => {
  const named = usersIn(context, user, args);
  const present = mergeRequest.reviewers.map((reviewer) => reviewer.user);
  await updateMergeRequest(context, mergeRequest, user, {
    reviewers: [...new Set([...present, ...named])],
    rerequested: named.filter((one) => present.includes(one)),
  });
  return { reviewer_ids: mergeRequest.reviewers.map((reviewer) => reviewer.user.id) };
};

const assign: Run = async (context, mergeRequest, user, args) => {
  const assignees = [...new Set([...mergeRequest.assignees, ...usersIn(context, user, args)])];
  await updateMergeRequest(context, mergeRequest, user, { assignees });
  return { assignee_ids: assignees.map((one) => one.id) };
};

const nothing =
  (key: string): Run =>
  async () => ({ [key]: true });

const update = (says: string, run: Run): Action => ({ may: mayUpdate, run, says });
const developer = (says: string, run: Run): Action => ({ may: isDeveloper, run, says });

const lock =
  (locked: boolean): Run =>
  async (_context, mergeRequest) => {
    mergeRequest.discussionLocked = locked;
    return { discussion_locked: locked };
  };

const label = update(
  "Added labels.",
  relabel((before, named) => [...before, ...named], "add_label_ids"),
);
const unlabel = update(
  "Removed labels.",
  relabel(
    (before, named) => (named.length === 0 ? [] : before.filter((one) => !named.includes(one))),
    "remove_label_ids",
  ),
);
const askReview = update("Requested a review.", addReviewers);

/**
 * The commands that act on a merge request, as far as they are modelled; those without an effect here are
 * still recorded and taken out of the text. Names after GitLab's documentation; the sentences are ours.†
 */
export const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  [
    "approve",
    developer("Approved the current merge request.", async (context, mergeRequest, user) => {
      await approveMergeRequest(context, mergeRequest, user);
      return { approve: true };
    }),
  ],
  [
    "unapprove",
    developer("Unapproved the current merge request.", async (context, mergeRequest, user) => {
      await unapproveMergeRequest(context, mergeRequest, user);
      return { unapprove: true };
    }),
  ],
  [
    "merge",
    developer("Merged this merge request.", async (context, mergeRequest, user) => ({
      merge: await mergeMergeRequest(context, mergeRequest, user),
    })),
  ],
  [
    "close",
    update("Closed this merge request.", async (context, mergeRequest, user) => {
      await closeMergeRequest(context, mergeRequest, user);
      return { state_event: "close" };
    }),
  ],
  [
    "reopen",
    update("Reopened this merge request.", async (context, mergeRequest, user) => {
      await reopenMergeRequest(context, mergeRequest, user);
      return { state_event: "reopen" };
    }),
  ],
  ["label", label],
  ["labels", label],
  ["unlabel", unlabel],
  ["remove_label", unlabel],
  [
    "relabel",
    update(
      "Replaced all labels.",
      relabel((_before, named) => named, "label_ids"),
    ),
  ],
  [
    "title",
    update("Changed the title.", async (context, mergeRequest, user, args) => {
      await updateMergeRequest(context, mergeRequest, user, { title: args });
      return { title: args };
    }),
  ],
  [
    "target_branch",
    update("Set target branch.", async (context, mergeRequest, user, args) => {
      await updateMergeRequest(context, mergeRequest, user, { targetBranch: args });
      return { target_branch: args };
    }),
  ],
  [
    "draft",
    update(
      "Changed the draft state.",
      setDraft((mergeRequest) => !isDraft(mergeRequest)),
    ),
  ],
  [
    "ready",
    update(
      "Marked this merge request as ready.",
      setDraft(() => false),
    ),
  ],
  ["assign", update("Assigned.", assign)],
  ["assign_reviewer", askReview],
  ["reviewer", askReview],
  ["request_review", askReview],
  ["lock", developer("Locked the discussion.", lock(true))],
  ["unlock", developer("Unlocked the discussion.", lock(false))],
  ...[
    "unassign",
    "unassign_reviewer",
    "remove_reviewer",
    "rebase",
    "milestone",
    "remove_milestone",
    "estimate",
    "spend",
    "award",
    "react",
    "submit_review",
    "copy_metadata",
    "cc",
  ].map((name): [string, Action] => [name, update("Done.", nothing(name))]),
  ...["subscribe", "unsubscribe", "todo", "done"].map((name): [string, Action] => [
    name,
    { may: () => true, run: nothing(name), says: "Done." },
  ]),
]);
