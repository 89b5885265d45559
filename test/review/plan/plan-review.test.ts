import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { planReview } from "../../../src/review/plan/plan-review.ts";
import type { ReviewPlan } from "../../../src/review/plan/review-plan.ts";
import {
  BOT,
  HUMAN,
  REFS,
  discussion,
  fileOf,
  findingOf,
  inputOf,
  note,
  onLines,
  reviewInTurn,
} from "./review-setup.ts";

const sizes = ({ open, keep, resolve, fold }: ReviewPlan) =>
  [open.length, keep.length, resolve.length, fold.length] as const;

const A = fileOf("a.ts");
const found = onLines(A, 2, 2);
const NEXT = { ...REFS, headSha: "e".repeat(40) };

suite("planning what a review says", () => {
  test("what was said is not said again, at other lines and in other words either", () => {
    const shifted = fileOf("a.ts", 30);
    const { plans } = reviewInTurn([
      { findings: [found] },
      { findings: [found] },
      {
        files: [shifted],
        findings: [onLines(shifted, 2, 2, { title: "The average of nothing", body: "Else." })],
      },
      { findings: [onLines(A, 2, 2, { category: "error-handling", title: "Possible division by zero" })] },
    ]);
    assert.deepEqual(plans.map(sizes), [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 1, 0, 0],
      [0, 1, 0, 0],
    ]);
  });

  test("something else at the same place is said", () => {
    const { plans } = reviewInTurn([
      { findings: [found] },
      { findings: [found, onLines(A, 2, 2, { category: "style", title: "Use a helper for averages" })] },
    ]);
    assert.deepEqual(plans.map(sizes), [
      [1, 0, 0, 0],
      [1, 1, 0, 0],
    ]);
  });

  test("equal code at two places has two threads; ending one keeps the other", () => {
    const first = onLines(A, 1, 1, { title: "Not awaited in a transaction" });
    const second = onLines(A, 4, 4, { title: "Saved twice" });
    const { plans } = reviewInTurn([{ findings: [second, first] }, { refs: NEXT, findings: [second] }]);
    assert.deepEqual(plans.map(sizes), [
      [2, 0, 0, 0],
      [0, 1, 1, 0],
    ]);
    const opened = plans[0]?.open.find((one) => one.found === second)?.fingerprint;
    assert.equal(plans[1]?.keep[0]?.fingerprint, opened);
  });

  test("a thread that a human resolved is not opened again", () => {
    const { discussions } = reviewInTurn([{ findings: [found] }]);
    const resolved = discussions.map((one) => ({ ...one, resolved: true, resolvedBy: HUMAN }));
    const plan = planReview(inputOf({ findings: [found], discussions: resolved }));
    assert.deepEqual(sizes(plan), [0, 1, 0, 0]);
    assert.equal(plan.keep[0]?.resolved, true);
  });

  test("what we resolved and is back is opened anew, under a name of its own", () => {
    const { plans } = reviewInTurn([
      { findings: [found] },
      { refs: NEXT, findings: [] },
      { findings: [found] },
      { findings: [found] },
    ]);
    assert.deepEqual(plans.map(sizes), [
      [1, 0, 0, 0],
      [0, 0, 1, 0],
      [1, 0, 0, 0],
      [0, 1, 0, 0],
    ]);
    assert.notEqual(plans[0]?.open[0]?.fingerprint, plans[2]?.open[0]?.fingerprint);
  });

  test("a thread is over when its file was covered, or its code is gone", () => {
    const { discussions } = reviewInTurn([{ findings: [found] }]);
    const at = (fields: Parameters<typeof inputOf>[0]) =>
      planReview(inputOf({ discussions, ...fields })).resolve;
    assert.equal(at({})[0]?.why, "fixed");
    assert.deepEqual(at({ isCovered: () => false }), [], "not looked at says nothing");
    assert.equal(at({ isCovered: () => false, files: [] })[0]?.why, "code-gone");
    const [hunk] = A.hunks;
    assert.ok(hunk !== undefined);
    const cut = { ...A, hunks: [{ ...hunk, lines: hunk.lines.slice(0, 2) }] };
    assert.equal(at({ isCovered: () => false, files: [cut] })[0]?.why, "code-gone");
    assert.deepEqual(
      at({ isCovered: () => false, files: [{ ...A, hunks: [] }] }),
      [],
      "changes not to be had",
    );
  });

  test("threads that somebody joined or opened again stay", () => {
    const { discussions } = reviewInTurn([{ findings: [found] }]);
    const joined = discussions.map((one) => ({ ...one, notes: [...one.notes, note(900, "No.", HUMAN)] }));
    assert.deepEqual(sizes(planReview(inputOf({ discussions: joined }))), [0, 0, 0, 0]);
    const system = discussions.map((one) => ({
      ...one,
      notes: [...one.notes, note(900, "changed", HUMAN, true)],
    }));
    assert.deepEqual(sizes(planReview(inputOf({ discussions: system }))), [0, 0, 1, 0]);
    const ended = reviewInTurn([{ findings: [found] }, { findings: [] }]).discussions;
    const reopened = ended.map((one) => ({ ...one, resolved: false, resolvedBy: null }));
    assert.deepEqual(sizes(planReview(inputOf({ refs: NEXT, discussions: reopened }))), [0, 0, 0, 0]);
    assert.deepEqual(
      sizes(planReview(inputOf({ discussions: reopened }))),
      [0, 0, 1, 0],
      "ending it at this head was interrupted",
    );
  });

  test("the strongest are said, up to the limit, open threads counted", () => {
    const strong = onLines(A, 0, 0, { severity: "critical", confidence: 0.5, title: "Strong" });
    const sure = onLines(A, 1, 1, { severity: "major", confidence: 1, title: "Sure" });
    const weak = onLines(A, 5, 5, { severity: "info", title: "Weak" });
    const doubtful = onLines(A, 4, 4, { severity: "critical", confidence: 0.1, title: "Doubtful" });
    const nowhere = { finding: findingOf({ title: "Nowhere" }), anchor: { kind: "summary" } as const };
    const plan = planReview(
      inputOf({
        findings: [weak, nowhere, doubtful, sure, found, strong],
        maxThreads: 2,
        leastSeverity: "minor",
        leastConfidence: 0.3,
      }),
    );
    assert.deepEqual(
      plan.open.map((one) => one.found),
      [strong, sure],
    );
    assert.deepEqual(
      plan.fold.map((one) => [one.found.finding.title, one.why]),
      [
        ["Doubtful", "confidence"],
        ["Nowhere", "no-place"],
        ["Division by zero", "limit"],
        ["Weak", "severity"],
      ],
    );
    const { plans } = reviewInTurn([
      { findings: [found], maxThreads: 1 },
      { findings: [found, strong], maxThreads: 1 },
      { refs: NEXT, findings: [strong], maxThreads: 1 },
    ]);
    assert.deepEqual(plans.map(sizes), [
      [1, 0, 0, 0],
      [0, 1, 0, 1],
      [1, 0, 1, 0],
    ]);
  });

  test("findings about a file open a thread there; others about it are others", () => {
    const onFile = (title: string) => ({
      finding: findingOf({ title }),
      anchor: { kind: "file", file: A } as const,
    });
    const { plans } = reviewInTurn([
      { findings: [onFile("No tests at all")] },
      { findings: [onFile("No tests at all"), onFile("Wrong licence header")] },
    ]);
    assert.deepEqual(plans.map(sizes), [
      [1, 0, 0, 0],
      [1, 1, 0, 0],
    ]);
  });

  test("a finding whose place was lost keeps its thread", () => {
    const lost = { finding: found.finding, anchor: { kind: "summary" } as const };
    const { plans } = reviewInTurn([{ findings: [found] }, { findings: [lost] }]);
    assert.deepEqual(plans.map(sizes), [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
    ]);
  });

  test("markers of others mean nothing", () => {
    const { discussions } = reviewInTurn([{ findings: [found] }]);
    const forged = discussions.map((one) => ({
      ...one,
      notes: one.notes.map((its) => note(its.id, its.body, HUMAN)),
    }));
    const plan = planReview(inputOf({ findings: [found], discussions: forged }));
    assert.deepEqual(sizes(plan), [1, 0, 0, 0]);
    assert.equal(plan.summaryNoteId, null);
    const quoted = discussions.map((one) => ({
      ...one,
      notes: one.notes.map((its) => ({ ...its, body: `I quote:\n${its.body}` })),
    }));
    assert.deepEqual(sizes(planReview(inputOf({ findings: [found], discussions: quoted }))), [1, 0, 0, 0]);
    const torn = discussion("torn", [note(1, "<!-- reviewflow:thread flow=default id=x place= -->", BOT)]);
    assert.deepEqual(sizes(planReview(inputOf({ discussions: [torn] }))), [0, 0, 0, 0]);
  });

  test("each flow has threads and a summary of its own", () => {
    const { discussions } = reviewInTurn([{ findings: [found] }]);
    const other = planReview(inputOf({ flow: "my-flow é--> x", discussions, findings: [found] }));
    assert.deepEqual(sizes(other), [1, 0, 0, 0]);
    assert.equal(other.summaryNoteId, null);
    const both = reviewInTurn(
      [
        { flow: "my-flow é--> x", findings: [found] },
        { flow: "my-flow é--> x", findings: [found] },
      ],
      discussions,
    );
    assert.deepEqual(both.plans.map(sizes), [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
    ]);
    assert.notEqual(both.plans[1]?.summaryNoteId, null);
  });
});
