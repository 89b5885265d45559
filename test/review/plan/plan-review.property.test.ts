import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import { SEVERITIES } from "../../../src/review/finding.ts";
import type { AnchoredFinding } from "../../../src/review/finding.ts";
import type { Discussion } from "../../../src/review/discussion.ts";
import { ownThreads } from "../../../src/review/plan/marker.ts";
import { planReview } from "../../../src/review/plan/plan-review.ts";
import type { PlanInput, ReviewPlan } from "../../../src/review/plan/review-plan.ts";
import { CODE, HUMAN, REFS, apply, fileOf, findingOf, inputOf, note, onLines } from "./review-setup.ts";

const PATHS = ["a.ts", "dir/b c.ts"] as const;
const TITLES = [
  "Division by zero",
  "Possible division by zero",
  "Not awaited",
  "0で割る可能性",
  "",
  "Saved twice",
] as const;

/** A finding as numbers, so that it can be made for any version of the files. */
type Spec = {
  readonly path: number;
  readonly at: number;
  readonly length: number;
  readonly place: "line" | "file" | "summary";
  readonly fields: Parameters<typeof findingOf>[0];
};

const spec: fc.Arbitrary<Spec> = fc.record({
  path: fc.nat(PATHS.length - 1),
  at: fc.nat(CODE.length - 2),
  length: fc.nat(1),
  place: fc.constantFrom("line", "line", "line", "file", "summary"),
  fields: fc.record({
    severity: fc.constantFrom(...SEVERITIES),
    category: fc.constantFrom("bug", "style"),
    confidence: fc.constantFrom(0.2, 0.5, 0.9),
    title: fc.constantFrom(...TITLES),
  }),
});

const filesAt = (shift: number) => PATHS.map((path) => fileOf(path, shift));

const make = ({ path, at, length, place, fields }: Spec, shift: number): AnchoredFinding => {
  const file = fileOf(PATHS[path] ?? "a.ts", shift);
  if (place === "line") return onLines(file, at, at + length, fields);
  const finding = findingOf({ path: file.newPath, ...fields });
  return { finding, anchor: place === "file" ? { kind: "file", file } : { kind: "summary" } };
};

/** What happens to a thread between two reviews. */
const happening = fc.constantFrom("nothing", "nothing", "joined", "resolved", "opened again", "system note");

type Round = {
  readonly specs: readonly Spec[];
  readonly shift: number;
  readonly happenings: readonly string[];
  readonly maxThreads: number;
  readonly covered: readonly boolean[];
};

const round: fc.Arbitrary<Round> = fc.record({
  specs: fc.array(spec, { maxLength: 7 }),
  shift: fc.nat(3),
  happenings: fc.array(happening, { minLength: 4, maxLength: 4 }),
  maxThreads: fc.nat(5),
  covered: fc.array(fc.boolean(), { minLength: PATHS.length, maxLength: PATHS.length }),
});

const disturb = (discussions: readonly Discussion[], happenings: readonly string[]): readonly Discussion[] =>
  discussions.map((one, index) => {
    if (!one.resolvable) return one;
    switch (happenings[index % happenings.length]) {
      case "joined":
        return { ...one, notes: [...one.notes, note(1_000 + index, "Really?", HUMAN)] };
      case "system note":
        return { ...one, notes: [...one.notes, note(1_000 + index, "changed this line", HUMAN, true)] };
      case "resolved":
        return { ...one, resolved: true, resolvedBy: HUMAN };
      case "opened again":
        return { ...one, resolved: false, resolvedBy: null };
      default:
        return one;
    }
  });

const inputAt = (it: Round, discussions: readonly Discussion[], shift = it.shift): PlanInput =>
  inputOf({
    files: filesAt(shift),
    findings: it.specs.map((one) => make(one, shift)),
    discussions,
    isCovered: (path) => it.covered[PATHS.findIndex((known) => known === path)] ?? false,
    maxThreads: it.maxThreads,
    leastSeverity: "minor",
    leastConfidence: 0.4,
  });

/** Plays some reviews in turn; `check` sees each plan with what it was made from. */
const play = (
  rounds: readonly Round[],
  check: (input: PlanInput, plan: ReviewPlan, it: Round) => void,
): void => {
  let discussions: readonly Discussion[] = FOREIGN;
  for (const [index, it] of rounds.entries()) {
    const refs = { ...REFS, headSha: String(index).repeat(40) };
    const input = { ...inputAt(it, disturb(discussions, it.happenings)), refs };
    const plan = planReview(input);
    check(input, plan, it);
    discussions = apply(plan, input.discussions, { refs });
  }
};

/** Threads and notes of others: a human's that looks like ours, and those of another flow of ours. */
const FOREIGN: readonly Discussion[] = (() => {
  const findings = [make({ path: 0, at: 0, length: 0, place: "line", fields: {} }, 0)];
  const ours = apply(planReview(inputOf({ flow: "other", findings })), [], { flow: "other" });
  const human = apply(planReview(inputOf({ findings })), ours).slice(ours.length);
  return [
    ...ours,
    ...human.map((one) => ({ ...one, notes: one.notes.map((its) => note(its.id, its.body, HUMAN)) })),
  ];
})();

/** A plan without the objects that differ between two makings of the same findings. */
const outline = (plan: ReviewPlan) => ({
  ...plan,
  open: plan.open.map(({ fingerprint, found }) => [fingerprint, found.finding.title]),
  keep: plan.keep.map(({ fingerprint, discussionId, found }) => [
    fingerprint,
    discussionId,
    found.finding.title,
  ]),
  fold: plan.fold.map(({ found, why }) => [found.finding.title, why]),
});

const check = (property: Parameters<typeof play>[1]): void =>
  fc.assert(
    fc.property(fc.array(round, { minLength: 1, maxLength: 4 }), (rounds) => play(rounds, property)),
    { numRuns: 60 },
  );

suite("planning, whatever happened before", () => {
  test("a plan that was applied leaves nothing to do", () => {
    check((input, plan) => {
      const discussions = apply(plan, input.discussions, { refs: input.refs });
      const again = planReview({ ...input, discussions });
      assert.deepEqual([again.open, again.resolve], [[], []]);
      assert.equal(again.keep.length, plan.keep.length + plan.open.length);
      assert.deepEqual(again.fold, plan.fold);
      assert.notEqual(again.summaryNoteId, null);
    });
  });

  test("every finding is in exactly one list", () => {
    check((input, plan) => {
      const listed = [...plan.open, ...plan.keep, ...plan.fold].map(({ found }) => found);
      assert.equal(listed.length, input.findings.length);
      assert.deepEqual(new Set(listed), new Set(input.findings));
    });
  });

  test("no fingerprint is ever opened twice, and no thread kept twice", () => {
    check((input, plan) => {
      const before = ownThreads(input.discussions, input.flow).map(({ fingerprint }) => fingerprint);
      const all = [...before, ...plan.open.map(({ fingerprint }) => fingerprint)];
      assert.equal(new Set(all).size, all.length);
      const kept = plan.keep.map(({ discussionId }) => discussionId);
      assert.equal(new Set(kept).size, kept.length);
    });
  });

  test("only our own open threads that nobody joined are resolved, and not what is kept", () => {
    check((input, plan) => {
      for (const { discussionId } of plan.resolve) {
        const its = input.discussions.find(({ id }) => id === discussionId);
        assert.ok(its !== undefined && its.resolvable && !its.resolved);
        assert.ok(its.notes.every(({ ours, system }) => ours !== null || system));
        assert.ok(!FOREIGN.some(({ id }) => id === discussionId));
        assert.ok(!plan.keep.some((one) => one.discussionId === discussionId));
      }
      for (const { discussionId } of plan.keep) assert.ok(!FOREIGN.some(({ id }) => id === discussionId));
    });
  });

  test("never more threads are open than allowed, but for those that were", () => {
    check((input, plan, it) => {
      const open = (discussions: readonly Discussion[]) =>
        ownThreads(discussions, input.flow).filter(({ discussion }) => !discussion.resolved).length;
      const after = open(apply(plan, input.discussions, { refs: input.refs }));
      assert.ok(after <= Math.max(it.maxThreads, open(input.discussions)));
    });
  });

  test("the order of the input does not matter, nor do shifted lines", () => {
    check((input, plan, it) => {
      const turned = planReview({
        ...input,
        findings: input.findings.toReversed(),
        discussions: input.discussions.toReversed(),
        files: input.files.toReversed(),
      });
      assert.deepEqual(outline(turned), outline(plan));
      const moved = planReview({ ...inputAt(it, input.discussions, it.shift + 17), refs: input.refs });
      assert.deepEqual(outline(moved), outline(plan));
    });
  });
});
