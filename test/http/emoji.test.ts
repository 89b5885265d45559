import { verbatim } from "../../src/messages/message.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { GitLabError } from "../../src/base/errors.ts";
import { NO_HISTORY } from "../../src/review/decide.ts";
import { parseStoredEmoji } from "../../src/review/conversation/stored-note.ts";
import { isProjectUnproven } from "../../src/review/stored-event.ts";
import { Secret } from "../../src/base/secret.ts";
import { threadMarker } from "../../src/review/plan/marker.ts";
import { payload, SECRET, setUp } from "./webhook-app.ts";

const FINGERPRINT = `${"a".repeat(32)}-0`;
const MATTER = { path: "a.ts", kin: "a".repeat(32), place: "b".repeat(32), lines: 1, words: [] };

const emoji = (action = "award", path = "group/project") => ({
  ...payload({
    object_kind: "emoji",
    event_type: action,
    project: { id: 7, path_with_namespace: path, web_url: "https://gitlab.example.com" },
    merge_request: { iid: 4 },
    note: { author_id: 9, note: threadMarker("review", FINGERPRINT, MATTER), system: false },
  }),
  object_attributes: { name: "thumbsdown", action, awardable_type: "Note", awardable_id: 5, user_id: 3 },
});

suite("emoji that GitLab tells of", () => {
  const send = async (body: object, options: Parameters<typeof setUp>[0]) => {
    const { post, accepted } = setUp(options);
    const { status } = await post(body, { "x-gitlab-event": "Emoji Hook" });
    const decision = accepted[0]?.decide(NO_HISTORY) ?? assert.fail("not stored");
    const event = accepted[0]?.run?.event ?? {};
    const what = "trigger" in decision ? decision.trigger : decision.reason.code;
    return { status, what, iid: accepted[0]?.delivery.iid ?? null, event };
  };

  test("queue a run that asks GitLab for the thumb, and nothing else", async () => {
    const { event, ...heard } = await send(emoji(), { learns: true });
    assert.deepEqual(heard, { status: 202, what: "emoji:thumbsdown", iid: 4 });
    assert.equal(parseStoredEmoji(event)?.awardableId, 5);
    assert.equal((await send(emoji("revoke"), { learns: true })).status, 202);
  });

  test("of a project whose path GitLab cannot say now are checked with their run", async () => {
    const error = new GitLabError(verbatim("down"), {
      code: "gitlab-unavailable",
      status: null,
      retryable: true,
    });
    const secrets = [{ secret: new Secret(SECRET), projects: ["group/project"] }];
    const { event, what } = await send(emoji(), {
      learns: true,
      verify: { secrets, signingTokens: [], tokenPassThrough: false },
      projects: { of: async () => ({ kind: "unknown", error }) },
    });
    assert.equal(what, "emoji:thumbsdown");
    assert.ok(isProjectUnproven(event));
  });

  test("are ignored with a reason where nothing is learnt, or no flow reviews", async () => {
    assert.equal((await send(emoji(), {})).what, "lessons-off");
    const elsewhere = await send(emoji("award", "other/project"), { learns: true });
    assert.deepEqual([elsewhere.status, elsewhere.what], [200, "project-not-configured"]);
  });
});
