import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { StoreError } from "../../src/base/errors.ts";
import type { ReactionStore } from "../../src/http/intake.ts";
import type { Outcome } from "../../src/review/lessons/outcome.ts";
import { threadMarker } from "../../src/review/plan/marker.ts";
import { payload, setUp } from "./webhook-app.ts";

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

const keeper = (known = true) => {
  const kept: Outcome[] = [];
  const dropped: Outcome[] = [];
  const reactions: ReactionStore = {
    keepOutcomes: async (outcomes) => (known ? kept.push(...outcomes) : 0),
    dropOutcome: async (outcome) => dropped.push(outcome) > 0 && known,
  };
  return { reactions, kept, dropped };
};

const HEADERS = { "x-gitlab-event": "Emoji Hook" };

suite("emoji that GitLab tells of", () => {
  const send = async (body: object, options: Parameters<typeof setUp>[0]) => {
    const { post, accepted } = setUp(options);
    const { status } = await post(body, HEADERS);
    const decision = accepted[0]?.decide({ queued: null, active: null, reviewedHeads: [] });
    const reason = decision?.kind === "ignore" ? decision.reason.code : "";
    return { status, reason, iid: accepted[0]?.delivery.iid ?? null };
  };

  test("are kept as outcomes before the answer, and their deliveries with what became of them", async () => {
    const { reactions, kept, dropped } = keeper();
    assert.deepEqual(await send(emoji(), { reactions }), { status: 200, reason: "outcome-kept", iid: 4 });
    const outcome = {
      projectId: 7,
      iid: 4,
      flow: "review",
      fingerprint: FINGERPRINT,
      kind: "disliked",
      userId: 3,
    };
    assert.deepEqual(kept, [outcome]);
    assert.equal((await send(emoji("revoke"), { reactions })).reason, "outcome-dropped");
    assert.deepEqual(dropped, [outcome]);
  });

  test("are ignored with a reason where nothing is learnt, or known of the finding, or no flow reviews", async () => {
    assert.equal((await send(emoji(), {})).reason, "lessons-off");
    assert.equal(
      (await send(emoji(), { reactions: keeper(false).reactions })).reason,
      "emoji-finding-unknown",
    );
    const { reactions, kept } = keeper();
    const elsewhere = await send(emoji("award", "other/project"), { reactions });
    assert.equal(elsewhere.reason, "project-not-configured");
    assert.deepEqual(kept, []);
  });

  test("that cannot be kept are not answered as if they were", async () => {
    const broken: ReactionStore = {
      keepOutcomes: async () => {
        throw new StoreError("away", { code: "store-away" });
      },
      dropOutcome: async () => false,
    };
    const { status, reason } = await send(emoji(), { reactions: broken });
    assert.equal(status, 503);
    assert.equal(reason, "");
  });
});
