import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Discussion, Note } from "../../../src/review/discussion.ts";
import { classifyThreads, type KnownThreads } from "../../../src/review/lessons/classify-threads.ts";
import { endedMarker, threadMarker } from "../../../src/review/plan/marker.ts";

const FINGERPRINT = `${"a".repeat(32)}-0`;
const MATTER = { path: "a.ts", kin: "a".repeat(32), place: "b".repeat(32), lines: 1, words: [] };

const thread = (changes: Partial<Discussion> = {}, ...answers: readonly string[]): Discussion =>
  threadBy("author", changes, ...answers);

const threadBy = (
  ours: Note["ours"],
  changes: Partial<Discussion> = {},
  ...answers: readonly string[]
): Discussion => ({
  id: "t",
  individual: false,
  resolvable: true,
  resolved: true,
  resolvedBy: 9,
  position: {
    baseSha: "0",
    startSha: "0",
    headSha: "head",
    oldPath: "a.ts",
    newPath: "a.ts",
    on: { kind: "line", oldLine: null, newLine: 1, range: null },
  },
  notes: [threadMarker("review", FINGERPRINT, MATTER), ...answers].map((body, id) => ({
    id,
    author: { id: 3, username: "bot" },
    body,
    system: false,
    ours,
  })),
  ...changes,
});

const classify = (discussion: Discussion, known: Partial<KnownThreads> = {}) => {
  const all = classifyThreads(7, 1, {
    flow: "review",
    discussions: [discussion],
    headSha: "head",
    raisedAt: new Map([[FINGERPRINT, "before"]]),
    foundAgain: new Set<string>(),
    ...known,
  });
  assert.ok(all.length <= 1);
  return all[0] === undefined ? null : [all[0].kind, all[0].userId];
};

suite("what a thread says of its finding", () => {
  test("resolved while no commit came is resolved without a change", () => {
    assert.deepEqual(classify(thread(), { raisedAt: new Map([[FINGERPRINT, "head"]]) }), [
      "resolved-without-change",
      9,
    ]);
  });
  test("resolved while the finding still holds, too", () => {
    assert.deepEqual(classify(thread(), { foundAgain: new Set([FINGERPRINT]) }), [
      "resolved-without-change",
      9,
    ]);
  });
  test("resolved after its line went is resolved with a change", () => {
    const position = thread().position;
    assert.ok(position !== null);
    const outdated = thread({ position: { ...position, headSha: "before" } });
    assert.deepEqual(classify(outdated), ["resolved-with-change", 9]);
  });
  test("nobody can tell why a thread was resolved whose line survived other commits", () => {
    assert.equal(classify(thread()), null);
    assert.equal(classify(thread({ position: null })), null);
  });
  test("a thread that we ended was settled by the code", () => {
    const ended = endedMarker(
      "review",
      { fingerprint: FINGERPRINT, discussionId: "t", why: "fixed" },
      "head",
    );
    assert.deepEqual(classify(thread({ resolvedBy: "us" }, `${ended}\nMended.`)), [
      "resolved-with-change",
      null,
    ]);
  });
  test("an open thread, one that we resolved on an order, and others' threads say nothing", () => {
    assert.equal(classify(thread({ resolved: false, resolvedBy: null })), null);
    assert.equal(classify(thread({ resolvedBy: "us" })), null);
    assert.equal(classify(thread(), { flow: "other", raisedAt: new Map([[FINGERPRINT, "head"]]) }), null);
    assert.equal(classify(threadBy(null), { raisedAt: new Map([[FINGERPRINT, "head"]]) }), null);
  });
});
