import type { ListedMergeRequest } from "../../../src/review/change-feed.ts";
import type { Standing } from "../../../src/store/reconcile/reconcile-store.ts";

/** An open merge request as a list shows it, with some fields set otherwise. */
export const listedMergeRequest = (fields: Partial<ListedMergeRequest> = {}): ListedMergeRequest => ({
  project: { id: 7, path: "group/project", webUrl: "https://gitlab.example.com/group/project" },
  iid: 1,
  state: "opened",
  draft: false,
  title: "Add a greeting",
  description: "",
  url: "https://gitlab.example.com/group/project/-/merge_requests/1",
  author: { id: 3, username: "author" },
  sourceBranch: "greeting",
  targetBranch: "main",
  sourceProjectId: 7,
  headSha: "a",
  labels: [],
  reviewerIds: [],
  updatedAtMs: 0,
  ...fields,
});

/** What is known of a head, nothing where nothing is said. */
export const standing = (
  history: Partial<Standing["history"]> = {},
  unreviewed: Standing["unreviewed"] = [],
): Standing => ({ history: { queued: null, active: null, reviewedHeads: [], ...history }, unreviewed });
