import { inEnglish } from "../../src/base/errors.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../properties.ts";
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

const mergeRequest = (attributes: object = {}, top: object = {}) => ({
  object_kind: "merge_request",
  event_type: "merge_request",
  user: { id: 11, name: "Ada", username: "ada", email: "[REDACTED]" },
  project: PROJECT,
  object_attributes: { ...ATTRIBUTES, ...attributes },
  labels: [{ id: 1, title: "bug", color: "#fff" }],
  changes: {},
  ...top,
});

const NOTE = {
  ...mergeRequest({ id: 99, note: "Why?", noteable_type: "MergeRequest", discussion_id: "d1" }),
  object_kind: "note",
  merge_request: { iid: 3, last_commit: null, draft: false },
};

const parse = (payload: unknown, header: string | undefined = "Merge Request Hook"): DeliveryReading =>
  parseDelivery(Buffer.from(JSON.stringify(payload)), header);

const eventOf = (reading: DeliveryReading) => {
  assert.ok(reading.kind === "event", JSON.stringify(reading));
  return reading.event;
};

const mergeRequestOf = (payload: unknown) => {
  const event = eventOf(parse(payload));
  assert.ok(event.kind === "merge_request");
  return event;
};

describe("a merge request event", () => {
  test("is reduced to what we need", () => {
    assert.deepEqual(eventOf(parse(mergeRequest())), {
      kind: "merge_request",
      project: { id: 7, path: "group/project", webUrl: "https://gitlab.example.com/group/project" },
      user: { id: 11, username: "ada" },
      iid: 3,
      action: "update",
      state: "opened",
      draft: false,
      title: "Title",
      description: "",
      url: "https://gitlab.example.com/group/project/-/merge_requests/3",
      authorId: 11,
      sourceBranch: "feature",
      targetBranch: "main",
      sourceProjectId: 7,
      headSha: "a".repeat(40),
      oldRev: "b".repeat(40),
      labels: ["bug"],
      labelsAdded: [],
      reviewersAdded: [],
      reviewersAskedAgain: [],
      becameReady: false,
      retargeted: false,
    });
  });

  test("counts the same when a system hook brings it", () => {
    assert.deepEqual(parse(mergeRequest(), "System Hook"), parse(mergeRequest(), "Merge Request Hook"));
  });

  test("may leave out whatever GitLab may leave out", () => {
    const bare = {
      object_kind: "merge_request",
      user: { id: 11, username: "ada" },
      project: { id: 7, path_with_namespace: "group/project" },
      object_attributes: { iid: 3, state: "opened", last_commit: null, source_project_id: null },
    };
    const event = mergeRequestOf(bare);
    assert.deepEqual(
      [event.action, event.headSha, event.oldRev, event.sourceProjectId, event.labels, event.authorId],
      [null, null, null, null, [], null],
    );
  });

  test("tells when the target branch changed, in both forms", () => {
    const retargeted = (target: unknown) =>
      mergeRequestOf(mergeRequest({}, { changes: { target_branch: target } })).retargeted;
    assert.equal(retargeted({ previous: "hers", current: "main" }), true);
    assert.equal(retargeted(["hers", "main"]), true);
    assert.equal(retargeted({ previous: "main", current: "main" }), false);
    assert.equal(retargeted(undefined), false);
    assert.equal(retargeted("main"), false);
  });

  test("tells when a draft became ready, in both forms", () => {
    const ready = (draft: unknown) => mergeRequestOf(mergeRequest({}, { changes: { draft } })).becameReady;
    assert.equal(ready({ previous: true, current: false }), true);
    assert.equal(ready([true, false]), true);
    assert.equal(ready({ previous: false, current: true }), false);
    assert.equal(ready([null, false]), false);
  });

  test("tells which reviewers were added, in both forms", () => {
    const added = (reviewers: unknown, attributes: object = {}, top: object = {}) =>
      mergeRequestOf(mergeRequest(attributes, { changes: { reviewers }, ...top })).reviewersAdded;
    const [one, two] = [
      { id: 1, username: "one" },
      { id: 2, username: "two" },
    ];
    assert.deepEqual(added({ previous: [one], current: [one, two] }), [2]);
    assert.deepEqual(added([[one], [one, two]]), [2]);
    assert.deepEqual(added({ previous: null, current: [one] }), [1]);
    assert.deepEqual(
      added({ previous: [{ ...one, state: "unreviewed" }], current: [{ ...one, state: "reviewed" }] }),
      [],
    );
    assert.deepEqual(added(undefined, { action: "open" }, { reviewers: [one] }), [1]);
    assert.deepEqual(added(undefined, { action: "update" }, { reviewers: [one] }), []);
  });

  test("tells which reviewers were asked again, wherever the mark stands", () => {
    const again = (changes: object, top: object, attributes: object = {}) =>
      mergeRequestOf(mergeRequest(attributes, { changes, ...top })).reviewersAskedAgain;
    const one = { id: 1, re_requested: true };
    const two = { id: 2, re_requested: false };
    assert.deepEqual(again({}, { reviewers: [one, two] }), [1]);
    assert.deepEqual(again({ reviewers: { previous: [two], current: [one, two] } }, {}), [1]);
    assert.deepEqual(again({ reviewers: [[two], [one, two]] }, { reviewers: [one] }), [1]);
    assert.deepEqual(again({}, { reviewers: [{ id: 1 }, { id: 2, re_requested: "yes" }] }), []);
    assert.deepEqual(again({}, { reviewers: [one] }, { action: "approved" }), []);
  });

  test("tells which labels were added", () => {
    const added = (labels: unknown, attributes: object = {}) =>
      mergeRequestOf(mergeRequest(attributes, { changes: { labels } })).labelsAdded;
    const [bug, ui] = [{ title: "bug" }, { title: "ui" }];
    assert.deepEqual(added({ previous: [bug], current: [bug, ui] }), ["ui"]);
    assert.deepEqual(added([[], [bug]]), ["bug"]);
    assert.deepEqual(added({ previous: [bug], current: [] }), []);
    assert.deepEqual(added(undefined, { action: "open" }), ["bug"]);
    assert.deepEqual(added("ui"), []);
  });

  test("is not lost when its changes have a form that we do not know", () => {
    for (const changes of [null, [], "x", { draft: "yes", reviewers: 5 }]) {
      const event = mergeRequestOf(mergeRequest({}, { changes }));
      assert.deepEqual([event.becameReady, event.reviewersAdded], [false, []]);
    }
  });

  test("is invalid when a field that we need is missing, and the field is named", () => {
    const cases = [
      [mergeRequest({ iid: undefined }), "object_attributes.iid"],
      [mergeRequest({ iid: "3" }), "object_attributes.iid"],
      [mergeRequest({ state: null }), "object_attributes.state"],
      [mergeRequest({}, { project: null }), "project"],
      [mergeRequest({}, { user: { username: "ada" } }), "user.id"],
    ] as const;
    for (const [payload, field] of cases) {
      const reading = parse(payload);
      assert.ok(reading.kind === "invalid");
      assert.equal(reading.code, "payload-invalid");
      assert.deepEqual([reading.what.code, reading.what.params["place"]], ["problem.at", field]);
    }
  });
});

describe("other bodies", () => {
  test("other events carry their name and project", () => {
    assert.deepEqual(eventOf(parse({ object_kind: "push", project: PROJECT }, "Push Hook")), {
      kind: "other",
      name: "push",
      project: { id: 7, path: "group/project", webUrl: "https://gitlab.example.com/group/project" },
    });
    const named = (payload: object, header?: string) => {
      const event = eventOf(parse(payload, header));
      return event.kind === "other" && event.name;
    };
    assert.equal(named({ event_name: "project_create", project: "x" }, "System Hook"), "project_create");
    assert.equal(named({}, "Emoji Hook"), "Emoji Hook");
    assert.equal(named({ object_kind: "<b>\n" + "y".repeat(99) }), "b" + "y".repeat(63));
  });

  test("what is no JSON object in UTF-8 is invalid, each with its code", () => {
    const codeOf = (body: Uint8Array) => {
      const reading = parseDelivery(body, "Merge Request Hook");
      return reading.kind === "invalid" ? reading.code : reading.kind;
    };
    assert.equal(codeOf(Buffer.from([0x7b, 0xff, 0x7d])), "body-not-utf8");
    assert.equal(codeOf(Buffer.from("{")), "body-not-json");
    assert.equal(codeOf(Buffer.from("")), "body-not-json");
    assert.equal(codeOf(Buffer.from("[]")), "payload-invalid");
    assert.equal(codeOf(Buffer.from("null")), "payload-invalid");
  });

  test("property: nothing makes it throw", () => {
    const mutated = fc
      .record({
        base: fc.constantFrom<object>(mergeRequest(), NOTE),
        path: fc.constantFrom(
          "user",
          "project",
          "object_attributes",
          "changes",
          "reviewers",
          "labels",
          "merge_request",
        ),
        value: fc.jsonValue(),
        inner: fc.option(
          fc.constantFrom("iid", "id", "action", "draft", "oldrev", "reviewers", "labels", "last_commit"),
        ),
      })
      .map(({ base, path, value, inner }) => {
        const old: unknown = Reflect.get(base, path);
        const part = inner === null || typeof old !== "object" ? value : { ...old, [inner]: value };
        return Buffer.from(JSON.stringify({ ...base, [path]: part }));
      });
    const bodies = fc.oneof(
      mutated,
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bodies, fc.option(fc.string(), { nil: undefined }), (body, header) => {
        const reading = parseDelivery(body, header);
        assert.ok(reading.kind === "event" || inEnglish(reading.what) !== "");
      }),
      { numRuns: 2_000 },
    );
  });

  test("deep nesting does not make it throw", () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    assert.equal(parseDelivery(Buffer.from(deep), undefined).kind, "invalid");
    assert.equal(parseDelivery(Buffer.from(`{"object_kind":"x","y":${deep}}`), undefined).kind, "event");
  });
});
