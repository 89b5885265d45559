import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { planReview } from "../../../src/review/plan/plan-review.ts";
import { matterOf } from "../../../src/review/plan/fingerprint.ts";
import { fileOf, findingOf, inputOf, onLines } from "./review-setup.ts";

const A = fileOf("a.ts");
const found = onLines(A, 2, 2);
const other = onLines(A, 0, 0, { title: "Never used" });

/** What a memory keeps of the first finding of its kin. */
const dismissedOf = (one: typeof found) => {
  const matter = matterOf(one) ?? assert.fail("no place");
  return { fingerprint: `${matter.kin}-0`, matter };
};

suite("a dismissed finding whose thread is gone", () => {
  test("is not raised again, and keeps nothing else from being said", () => {
    const findings = [found, other];
    const plan = planReview(inputOf({ files: [A], findings, dismissed: [dismissedOf(found)] }));
    assert.deepEqual(
      plan.open.map(({ found: { finding } }) => finding.title),
      ["Never used"],
    );
    assert.deepEqual([plan.keep, plan.resolve, plan.fold], [[], [], []]);
  });

  test("takes one of two equal places with it, and the other gets a name of its own", () => {
    const twice = [onLines(A, 1, 1, { title: "Saved" }), onLines(A, 4, 4, { title: "Saved" })];
    const first = twice[0] ?? found;
    const plan = planReview(inputOf({ files: [A], findings: twice, dismissed: [dismissedOf(first)] }));
    assert.equal(plan.open.length, 1);
    assert.match(plan.open[0]?.fingerprint ?? "", /-1$/);
  });

  test("says nothing about other code, other words or a fingerprint that is none", () => {
    const broken = { ...dismissedOf(found), fingerprint: "x" };
    const elsewhere = dismissedOf(onLines(fileOf("b.ts"), 2, 2, findingOf({ path: "b.ts" })));
    const plan = planReview(inputOf({ files: [A], findings: [found], dismissed: [broken, elsewhere] }));
    assert.equal(plan.open.length, 1);
  });
});
