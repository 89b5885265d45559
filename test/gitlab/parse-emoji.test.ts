import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDelivery } from "../../src/gitlab/parse-delivery.ts";

const PROJECT = {
  id: 7,
  path_with_namespace: "group/project",
  web_url: "https://gitlab.example.com/group/project",
};

const eventOf = (payload: unknown) => {
  const reading = parseDelivery(Buffer.from(JSON.stringify(payload)), "Emoji Hook");
  assert.ok(reading.kind === "event", JSON.stringify(reading));
  return reading.event;
};

describe("an emoji event", () => {
  const emoji = (attributes: object = {}, top: object = {}) => ({
    object_kind: "emoji",
    event_type: "award",
    user: { id: 11, username: "ada" },
    project: PROJECT,
    object_attributes: {
      user_id: 11,
      name: "thumbsup",
      awardable_type: "Note",
      awardable_id: 99,
      ...attributes,
    },
    merge_request: { iid: 3 },
    ...top,
  });

  test("names what it is on and who set it", () => {
    assert.deepEqual(eventOf(emoji()), {
      kind: "emoji",
      project: { id: 7, path: "group/project", webUrl: "https://gitlab.example.com/group/project" },
      user: { id: 11, username: "ada" },
      iid: 3,
      emoji: "thumbsup",
      action: "award",
      awardableType: "Note",
      awardableId: 99,
      note: null,
    });
    const note = { id: 99, author_id: 5, note: "Text", system: false, discussion_id: "d" };
    const onNote = eventOf(emoji({}, { note }));
    assert.ok(onNote.kind === "emoji");
    assert.deepEqual(onNote.note, { authorId: 5, body: "Text", system: false, ours: null });
    const elsewhere = eventOf(emoji({ awardable_type: "Issue" }, { merge_request: undefined }));
    assert.ok(elsewhere.kind === "emoji" && elsewhere.iid === null);
  });

  test("of a form that we do not know is another event, not an error", () => {
    const event = eventOf(emoji({ awardable_id: "x" }));
    assert.ok(event.kind === "other" && event.name === "emoji");
  });
});
