import type { MergeRequestEvent } from "../../src/review/delivery-event.ts";

/** An event of an opened merge request, with some fields set otherwise. */
export const mergeRequestEvent = (fields: Partial<MergeRequestEvent> = {}): MergeRequestEvent => ({
  kind: "merge_request",
  project: { id: 7, path: "group/project", webUrl: "https://gitlab.example.com/group/project" },
  user: { id: 3, username: "author" },
  iid: 1,
  action: "open",
  state: "opened",
  draft: false,
  title: "Add a greeting",
  description: "",
  url: "https://gitlab.example.com/group/project/-/merge_requests/1",
  authorId: 3,
  sourceBranch: "greeting",
  targetBranch: "main",
  sourceProjectId: 7,
  headSha: "a",
  oldRev: null,
  labels: [],
  reviewersAdded: [],
  becameReady: false,
  ...fields,
});
