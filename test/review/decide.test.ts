import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../properties.ts";
import { decide, type MergeRequestHistory } from "../../src/review/decide.ts";
import type { MergeRequestEvent } from "../../src/review/delivery-event.ts";
import { mergeRequestEvent } from "./events.ts";

const NOTHING: MergeRequestHistory = { queued: null, active: null, reviewedHeads: [] };
const opened = mergeRequestEvent({ action: "open", headSha: "a" });
const pushed = mergeRequestEvent({ action: "update", oldRev: "a", headSha: "b" });

const kindOf = (
  event: MergeRequestEvent,
  policy: "once" | "every-push",
  history: Partial<MergeRequestHistory>,
) => decide(event, policy, { ...NOTHING, ...history }).kind;

suite("decide", () => {
  test("an opened merge request is reviewed", () => {
    assert.deepEqual(decide(opened, "once", NOTHING), { kind: "review", headSha: "a", trigger: "opened" });
  });

  test("an update without new commits is not: GitLab says opened on each of them", () => {
    const relabelled = mergeRequestEvent({ action: "update", oldRev: null });
    assert.deepEqual(decide(relabelled, "every-push", NOTHING), {
      kind: "ignore",
      reason: "action-not-reviewed: update",
    });
  });

  test("an action that GitLab does not have is no trigger, whatever JavaScript calls by its name", () => {
    assert.equal(kindOf(mergeRequestEvent({ action: "constructor" }), "once", {}), "ignore");
  });

  test("one review in a merge request's life by default", () => {
    assert.equal(kindOf(pushed, "once", { reviewedHeads: ["a"] }), "ignore");
    assert.equal(kindOf(pushed, "once", { active: { runId: "r", headSha: "a" } }), "ignore");
    assert.equal(kindOf(mergeRequestEvent({ action: "reopen" }), "once", { reviewedHeads: ["a"] }), "ignore");
  });

  test("a push before the first review replaces what is queued", () => {
    assert.equal(kindOf(pushed, "once", { queued: { runId: "r", headSha: "a" } }), "review");
  });

  test("each push is reviewed when that is configured, but no head twice", () => {
    assert.equal(kindOf(pushed, "every-push", { reviewedHeads: ["a"] }), "review");
    assert.equal(kindOf(pushed, "every-push", { active: { runId: "r", headSha: "a" } }), "review");
    assert.equal(kindOf(pushed, "every-push", { reviewedHeads: ["b", "a"] }), "ignore");
    assert.equal(kindOf(pushed, "every-push", { active: { runId: "r", headSha: "b" } }), "ignore");
    assert.equal(kindOf(pushed, "every-push", { queued: { runId: "r", headSha: "b" } }), "ignore");
  });

  test("close and merge cancel what is under way and are nothing otherwise", () => {
    for (const event of [
      mergeRequestEvent({ action: "close", state: "closed" }),
      mergeRequestEvent({ action: "merge", state: "merged" }),
    ]) {
      assert.equal(kindOf(event, "once", { active: { runId: "r", headSha: "a" } }), "cancel");
      assert.equal(kindOf(event, "once", { queued: { runId: "r", headSha: "a" } }), "cancel");
      assert.equal(kindOf(event, "once", {}), "ignore");
    }
  });

  test("other events are ignored by name", () => {
    assert.deepEqual(decide({ kind: "other", name: "push", project: null }, "once", NOTHING), {
      kind: "ignore",
      reason: "event-not-reviewed: push",
    });
  });

  test("whatever was decided, the same event after it asks for nothing more", () => {
    const action = fc.constantFrom("open", "reopen", "update", "close", "merge", "approved", null);
    const head = fc.constantFrom("a", "b", null);
    const some = fc.option(fc.record({ runId: fc.constant("r"), headSha: head }));
    fc.assert(
      fc.property(
        fc.record({
          action,
          headSha: head,
          oldRev: fc.option(head),
          state: fc.constantFrom("opened", "closed", "merged"),
        }),
        fc.constantFrom("once" as const, "every-push" as const),
        fc.record({ queued: some, active: some, reviewedHeads: fc.array(head) }),
        (fields, policy, history) => {
          const event = mergeRequestEvent(fields);
          const decision = decide(event, policy, history);
          if (decision.kind !== "review") return;
          const after = { ...history, queued: { runId: "n", headSha: decision.headSha } };
          assert.equal(decide(event, policy, after).kind, "ignore");
          const reviewed = {
            queued: null,
            active: null,
            reviewedHeads: [decision.headSha, ...history.reviewedHeads],
          };
          assert.equal(decide(event, policy, reviewed).kind, "ignore");
        },
      ),
      { numRuns: 500 },
    );
  });
});
