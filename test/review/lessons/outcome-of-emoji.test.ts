import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { EmojiEvent } from "../../../src/review/delivery-event.ts";
import { outcomeOfEmoji } from "../../../src/review/lessons/outcome-of-emoji.ts";
import { threadMarker } from "../../../src/review/plan/marker.ts";
import { rulesForPolicy, type TriggerRules } from "../../../src/review/triggers/trigger-rules.ts";
import { emojiEvent } from "../events.ts";

const BOT = { id: 3, username: "bot" };
const RULES: TriggerRules = { ...rulesForPolicy("once"), self: BOT };
const FINGERPRINT = `${"a".repeat(32)}-0`;
const MATTER = { path: "a.ts", kin: "a".repeat(32), place: "b".repeat(32), lines: 1, words: [] };
const FINDING = { authorId: BOT.id, body: threadMarker("review", FINGERPRINT, MATTER), system: false };

const hear = (fields: Partial<EmojiEvent> = {}, rules = RULES) =>
  outcomeOfEmoji(emojiEvent({ note: FINDING, user: { id: 4, username: "ada" }, ...fields }), rules);

suite("what an emoji says about a finding", () => {
  test("a thumb on the note of a finding is an outcome, also when it is taken back", () => {
    const outcome = { projectId: 7, iid: 1, flow: "review", fingerprint: FINGERPRINT, userId: 4 };
    assert.deepEqual(hear(), { kind: "outcome", given: true, outcome: { ...outcome, kind: "liked" } });
    assert.deepEqual(hear({ emoji: "-1", action: "revoke" }), {
      kind: "outcome",
      given: false,
      outcome: { ...outcome, kind: "disliked" },
    });
  });

  test("where nobody knows who we are, the note's author is believed, but not in their own cause", () => {
    const rules = { ...RULES, self: null };
    assert.equal(hear({}, rules).kind, "outcome");
    assert.equal(hear({ user: BOT }, rules).kind, "ignore");
  });

  test("all else is ignored with its reason", () => {
    const reason = (fields: Partial<EmojiEvent>): string => {
      const heard = hear(fields);
      return heard.kind === "ignore" ? heard.reason : assert.fail("an outcome");
    };
    assert.match(reason({ note: null }), /^emoji-not-counted: .*does not hold the note/);
    assert.match(reason({ note: { ...FINDING, authorId: 9 } }), /^emoji-not-counted: .*no finding/);
    assert.match(reason({ note: { ...FINDING, body: `Quote:\n${FINDING.body}` } }), /no finding/);
    assert.match(reason({ emoji: "tada" }), /neither a thumb/);
    assert.match(reason({ iid: null }), /notes of merge requests/);
    assert.match(reason({ user: BOT }), /^own-event/);
  });
});
