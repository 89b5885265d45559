import type { EmojiEvent, MergeRequestEvent, NoteEvent } from "../../src/review/delivery-event.ts";

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
  labelsAdded: [],
  reviewersAdded: [],
  reviewersAskedAgain: [],
  becameReady: false,
  retargeted: false,
  ...fields,
});

/** A note on an opened merge request, with some fields set otherwise. */
export const noteEvent = (fields: Partial<NoteEvent> = {}): NoteEvent => {
  const { project, iid, headSha, ...mergeRequest } = mergeRequestEvent();
  return {
    kind: "note",
    project,
    user: { id: 4, username: "reviewer" },
    iid,
    noteId: 11,
    discussionId: "d1",
    standsAlone: false,
    action: "create",
    text: "@reviewflow review",
    url: "https://gitlab.example.com/group/project/-/merge_requests/1#note_11",
    system: false,
    internal: false,
    headSha,
    mergeRequest: {
      state: mergeRequest.state,
      draft: mergeRequest.draft,
      title: mergeRequest.title,
      description: mergeRequest.description,
      url: mergeRequest.url,
      authorId: mergeRequest.authorId,
      sourceBranch: mergeRequest.sourceBranch,
      targetBranch: mergeRequest.targetBranch,
      sourceProjectId: mergeRequest.sourceProjectId,
      labels: mergeRequest.labels,
    },
    ...fields,
  };
};

/** A thumb under a note of a merge request, with some fields set otherwise. */
export const emojiEvent = (fields: Partial<EmojiEvent> = {}): EmojiEvent => ({
  kind: "emoji",
  project: { id: 7, path: "group/project", webUrl: "https://gitlab.example.com/group/project" },
  user: { id: 4, username: "reviewer" },
  iid: 1,
  emoji: "thumbsup",
  action: "award",
  awardableType: "Note",
  awardableId: 12,
  note: null,
  ...fields,
});
