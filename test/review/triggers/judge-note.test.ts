import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { DeliveryEvent } from "../../../src/review/delivery-event.ts";
import { judgeTrigger } from "../../../src/review/triggers/judge-trigger.ts";
import type { TriggerHistory } from "../../../src/review/triggers/trigger-decision.ts";
import { rulesForPolicy, type TriggerRules } from "../../../src/review/triggers/trigger-rules.ts";
import { emojiEvent, noteEvent } from "../events.ts";

const RULES: TriggerRules = {
  ...rulesForPolicy("once"),
  command: true,
  self: { id: 99, username: "reviewflow" },
};
const judge = (
  event: DeliveryEvent,
  rules: Partial<TriggerRules> = {},
  history: Partial<TriggerHistory> = {},
) =>
  judgeTrigger(event, { ...RULES, ...rules }, { queued: null, active: null, reviewedHeads: [], ...history });
const reasonOf = (...of: Parameters<typeof judge>): string => {
  const decision = judge(...of);
  return decision.kind === "ignore" ? decision.reason : decision.kind;
};

suite("judgeTrigger, notes", () => {
  test("a command is told with who gave it and where", () => {
    assert.deepEqual(judge(noteEvent({ text: "@reviewflow pause" })), {
      kind: "command",
      command: { name: "pause", reason: "" },
      user: { id: 4, username: "reviewer" },
      noteId: 11,
      discussionId: "d1",
    });
  });

  test("a mention or an answer may want a reply", () => {
    const why = (text: string, history: Partial<TriggerHistory> = {}) => {
      const decision = judge(noteEvent({ text }), {}, history);
      return decision.kind === "reply" ? decision.why : decision.kind;
    };
    assert.equal(why("Thanks, @reviewflow!"), "mention");
    assert.equal(why("But it is never null."), "thread");
    assert.equal(why("But it is never null.", { ourDiscussions: ["d1"] }), "thread");
    assert.equal(why("But it is never null.", { ourDiscussions: ["d2"] }), "ignore");
  });

  test("a note that is in no thread answers nobody, and is only for us when it says so", () => {
    const alone = (text: string): string => reasonOf(noteEvent({ text, standsAlone: true }));
    assert.match(alone("Shall we merge this?"), /^note-not-for-us/);
    assert.equal(alone("Thanks, @reviewflow!"), "reply");
    assert.equal(alone("@reviewflow help"), "command");
  });

  test("neither bots, GitLab nor we ourselves are heard", () => {
    const by = (id: number, username: string) => reasonOf(noteEvent({ user: { id, username } }));
    assert.match(by(99, "reviewflow"), /^own-event/);
    for (const name of ["project_7_bot_0a1b", "group_7_bot", "service_account_group_3_ab", "support-bot"])
      assert.match(by(5, name), /^from-a-bot: \S+ is a bot/);
    assert.match(reasonOf(noteEvent({ system: true })), /^system-note/);
    assert.equal(by(5, "my_bot"), "command");
    assert.match(reasonOf(noteEvent(), { bots: { ids: [4], notIds: [], review: true } }), /^from-a-bot/);
  });

  test("an edited note does not fire twice", () => {
    const edited = noteEvent({ action: "update" });
    assert.match(reasonOf(edited), /^note-edited/);
    assert.match(reasonOf(edited, {}, { handledNotes: [11] }), /^note-already-handled/);
    assert.match(reasonOf(noteEvent(), {}, { handledNotes: [11] }), /^note-already-handled/);
    assert.equal(reasonOf(edited, {}, { handledNotes: [10] }), "command");
    assert.equal(reasonOf(noteEvent({ action: null })), "command");
  });

  test("commands can be turned off, and end with the merge request", () => {
    assert.match(reasonOf(noteEvent(), { command: false }), /^trigger-off/);
    assert.match(reasonOf(noteEvent(), { self: null }), /^bot-unknown/);
    const merged = { ...noteEvent().mergeRequest, state: "merged" };
    assert.match(reasonOf(noteEvent({ mergeRequest: merged })), /^merge-request-merged: review does nothing/);
    assert.equal(reasonOf(noteEvent({ mergeRequest: merged, text: "@reviewflow ask why?" })), "command");
  });
});

suite("judgeTrigger, emoji", () => {
  test("thumbs on notes are outcomes, also when they are taken back", () => {
    const outcome = (...of: Parameters<typeof emojiEvent>) => {
      const decision = judge(emojiEvent(...of));
      return decision.kind === "outcome" ? [decision.thumb, decision.given] : decision.kind;
    };
    assert.deepEqual(outcome(), ["up", true]);
    assert.deepEqual(outcome({ emoji: "thumbsdown_tone3" }), ["down", true]);
    assert.deepEqual(outcome({ emoji: "-1", action: "revoke" }), ["down", false]);
    assert.equal(outcome({ emoji: "eyes" }), "ignore");
    assert.equal(outcome({ awardableType: "MergeRequest" }), "ignore");
    assert.equal(outcome({ iid: null }), "ignore");
    assert.equal(outcome({ user: { id: 99, username: "reviewflow" } }), "ignore");
    assert.equal(outcome({ user: { id: 5, username: "project_1_bot" } }), "ignore");
  });
});
