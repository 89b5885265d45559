import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import { CATEGORIES, SEVERITIES } from "../../../src/review/finding.ts";
import { commonArea } from "../../../src/review/lessons/common-area.ts";
import { isWelcome, type FindingOutcome, OUTCOME_KINDS } from "../../../src/review/lessons/outcome.ts";
import { renderLessons } from "../../../src/review/lessons/render-lessons.ts";
import { sumUp } from "../../../src/review/lessons/sum-up.ts";

const TITLES = [
  "Prefer const over let",
  "Prefer const",
  "The loop ends too late",
  "コメントを消してください",
  "",
];

const anyOutcome = fc.record({
  kind: fc.constantFrom(...OUTCOME_KINDS),
  finding: fc.record({
    projectId: fc.constant(1),
    iid: fc.integer({ min: 1, max: 5 }),
    flow: fc.constant("review"),
    fingerprint: fc.constantFrom("a", "b", "c"),
    path: fc.constantFrom("src/a.ts", "src/web/b.ts", "docs/c.md", "Makefile"),
    category: fc.constantFrom(...CATEGORIES),
    severity: fc.constantFrom(...SEVERITIES),
    title: fc.oneof(fc.constantFrom(...TITLES), fc.string({ unit: "grapheme", maxLength: 200 })),
  }),
});
const anyOutcomes = fc.array(anyOutcome, { maxLength: 40 });

const outcome = (kind: FindingOutcome["kind"], changes: Partial<FindingOutcome["finding"]> = {}) => ({
  kind,
  finding: {
    projectId: 1,
    iid: 1,
    flow: "review",
    fingerprint: "a",
    path: "src/a.ts",
    category: "style" as const,
    severity: "minor" as const,
    title: "Prefer const over let",
    ...changes,
  },
});

suite("what outcomes are summed up to", () => {
  test("is the same for each order of the outcomes", () => {
    // A finding has one path and one title: outcomes of one kind about it differ in nothing.
    const apart = fc.uniqueArray(anyOutcome, {
      maxLength: 40,
      selector: ({ kind, finding }) => `${kind} ${finding.iid} ${finding.fingerprint}`,
    });
    fc.assert(
      fc.property(
        apart.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => assert.deepEqual(sumUp(shuffled, 2), sumUp(all, 2)),
      ),
      { numRuns: 60 },
    );
  });

  test("rests on enough outcomes with a clear majority, and never silences what must be said", () => {
    fc.assert(
      fc.property(anyOutcomes, fc.integer({ min: 1, max: 5 }), (all, least) => {
        for (const { counts, welcome, category } of sumUp(all, least)) {
          const sides = [...counts].map(([kind, count]) => ({ good: isWelcome(kind), count }));
          const sum = (good: boolean) =>
            sides.filter((side) => side.good === good).reduce((total, { count }) => total + count, 0);
          assert.ok(sum(true) + sum(false) >= least);
          assert.ok(sum(welcome) >= 2 * sum(!welcome));
          if (category === "security" && !welcome) {
            assert.deepEqual(
              [...counts.keys()].filter((kind) => !isWelcome(kind)),
              ["withdrawn"],
            );
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("as text is bounded, on one line each, and holds nothing that could open or close anything", () => {
    fc.assert(
      fc.property(anyOutcomes, fc.integer({ min: 0, max: 2_000 }), (all, room) => {
        const text = renderLessons(sumUp(all, 1), room);
        assert.ok(text.length <= room || text === "");
        for (const line of text.split("\n").filter((one) => one !== "")) {
          assert.match(line, /^(?:## |- .* <!-- [0-9a-f]{8} -->$)/u);
          assert.doesNotMatch(line.replace(/ <!-- [0-9a-f]{8} -->$/u, ""), /[<>`[\]]/u);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a thumb down and an order to ignore make a lesson; one of them does not", () => {
    const [lesson, ...others] = sumUp([outcome("disliked"), outcome("ignored")], 2);
    assert.deepEqual(others, []);
    assert.equal(lesson?.welcome, false);
    assert.deepEqual(sumUp([outcome("disliked")], 2), []);
    assert.match(
      renderLessons(lesson === undefined ? [] : [lesson], 1_000),
      /^## Findings that were not welcome here\n- style, such as "Prefer const over let", in "src\/\*\*\/\*\.ts": 1 disliked, 1 to be ignored \(1 finding\) <!-- \w+ -->$/,
    );
  });

  test("gathers what is alike over merge requests, and judges a category by many findings", () => {
    const many = Array.from({ length: 6 }, (_, iid) =>
      outcome("disliked", {
        iid,
        title: iid % 2 === 0 ? "Prefer const" : `Name ${iid} is long`,
        path: `src/${iid}.ts`,
      }),
    );
    const lessons = sumUp(many, 2);
    assert.deepEqual(
      lessons.map(({ title, findings }) => [title === null, findings]),
      [
        [true, 6],
        [false, 3],
        [false, 3],
      ],
    );
  });

  test("dislike of security or of the critical teaches nothing, a proof does", () => {
    const security = { category: "security" } as const;
    const critical = { severity: "critical" } as const;
    for (const changes of [security, critical]) {
      assert.deepEqual(sumUp([outcome("disliked", changes), outcome("ignored", changes)], 2), []);
      assert.equal(sumUp([outcome("withdrawn", changes), outcome("withdrawn", changes)], 2).length, 1);
    }
  });

  test("names the folder and the ending that files have in common", () => {
    assert.equal(commonArea(["src/web/a.ts", "src/web/x/b.ts"]), "src/web/**/*.ts");
    assert.equal(commonArea(["src/a.ts", "docs/b.md"]), "**");
    assert.equal(commonArea(["src/a.ts", "src/b.js"]), "src/**");
    assert.equal(commonArea(["Makefile"]), "**");
    assert.equal(commonArea([".env"]), "**");
    assert.equal(commonArea(["a.ts"]), "**/*.ts");
  });
});
