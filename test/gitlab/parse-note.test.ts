import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DeliveryReading, parseDelivery } from "../../src/gitlab/parse-delivery.ts";

const PROJECT = {
  id: 7,
  path_with_namespace: "group/project",
  web_url: "https://gitlab.example.com/group/project",
};

const ATTRIBUTES = {
  iid: 3,
  action: "update",
  state: "opened",
  draft: false,
  title: "Title",
  description: null,
  url: "https://gitlab.example.com/group/project/-/merge_requests/3",
  author_id: 11,
  source_branch: "feature",
  target_branch: "main",
  source_project_id: 7,
  target_project_id: 7,
  last_commit: { id: "a".repeat(40), message: "commit" },
  oldrev: "b".repeat(40),
};

const note = (attributes: object = {}, top: object = {}) => ({
  object_kind: "note",
  event_type: "note",
  user: { id: 11, username: "ada" },
  project_id: 7,
  project: PROJECT,
  object_attributes: {
    id: 99,
    note: "Why?",
    noteable_type: "MergeRequest",
    discussion_id: "d1",
    type: null,
    action: "create",
    url: "https://gitlab.example.com/n",
    ...attributes,
  },
  merge_request: { iid: 3, last_commit: null, draft: false },
  ...top,
});

const parse = (payload: unknown, header: string): DeliveryReading =>
  parseDelivery(Buffer.from(JSON.stringify(payload)), header);

const eventOf = (reading: DeliveryReading) => {
  assert.ok(reading.kind === "event", JSON.stringify(reading));
  return reading.event;
};

describe("a note event", () => {
  test("is reduced to what we need", () => {
    assert.deepEqual(eventOf(parse(note({ internal: true }), "Confidential Note Hook")), {
      kind: "note",
      project: { id: 7, path: "group/project", webUrl: "https://gitlab.example.com/group/project" },
      user: { id: 11, username: "ada" },
      iid: 3,
      noteId: 99,
      discussionId: "d1",
      standsAlone: true,
      action: "create",
      text: "Why?",
      url: "https://gitlab.example.com/n",
      system: false,
      internal: true,
      headSha: null,
      mergeRequest: {
        state: "",
        draft: false,
        title: "",
        description: "",
        url: "",
        authorId: null,
        sourceBranch: "",
        targetBranch: "",
        sourceProjectId: null,
        labels: [],
      },
    });
  });

  test("is known to be in no thread only where GitLab says so", () => {
    const isAlone = (attributes: object) => {
      const event = eventOf(parse(note(attributes), "Note Hook"));
      return event.kind === "note" && event.standsAlone;
    };
    assert.equal(isAlone({}), true);
    for (const type of ["DiscussionNote", "DiffNote", undefined]) assert.equal(isAlone({ type }), false);
  });

  test("tells of the merge request what a run over it needs", () => {
    const noted = { ...ATTRIBUTES, labels: [{ title: "bug" }] };
    const event = eventOf(parse(note({}, { merge_request: noted }), "Note Hook"));
    assert.ok(event.kind === "note");
    assert.deepEqual(event.mergeRequest, {
      state: "opened",
      draft: false,
      title: "Title",
      description: "",
      url: "https://gitlab.example.com/group/project/-/merge_requests/3",
      authorId: 11,
      sourceBranch: "feature",
      targetBranch: "main",
      sourceProjectId: 7,
      labels: ["bug"],
    });
    assert.equal(event.headSha, "a".repeat(40));
  });

  test("names a discussion by its digits, and by no address of something else", () => {
    const discussionOf = (id: unknown) => {
      const reading = parse(note({ discussion_id: id }), "Note Hook");
      assert.ok(reading.kind === "event" && reading.event.kind === "note");
      return reading.event.discussionId;
    };
    const known = "6a9c1750b37d513a43987b574953fceb50b03ce7";
    assert.equal(discussionOf(known), known);
    for (const id of [
      "..",
      ".",
      "",
      "%2e%2e",
      `${known}?a=1`,
      "a/b",
      "a b",
      "x".repeat(65),
      5,
      null,
      undefined,
    ])
      assert.equal(discussionOf(id), null, String(id));
  });

  test("on something else is another event", () => {
    const event = eventOf(parse(note({ noteable_type: "Issue" }, { merge_request: undefined }), "Note Hook"));
    assert.deepEqual(event, {
      kind: "other",
      name: "note on Issue",
      project: { id: 7, path: "group/project", webUrl: "https://gitlab.example.com/group/project" },
    });
  });

  test("without its merge request is invalid", () => {
    const reading = parse(note({}, { merge_request: null }), "Note Hook");
    assert.ok(reading.kind === "invalid" && reading.what.params["place"] === "merge_request");
  });
});
