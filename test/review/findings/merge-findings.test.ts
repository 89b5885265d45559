import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import type { Finding } from "../../../src/review/finding.ts";
import { anchorFinding } from "../../../src/review/findings/anchor-findings.ts";
import { mergeFindings } from "../../../src/review/findings/merge-findings.ts";
import { fileOf, findingOf, hunkOf } from "./files.ts";

const FILE = fileOf(
  hunkOf(1, 1, [
    " function pay(user, order) {",
    "+  charge(user.card, order.total);",
    "+  for (let i = 0; i <= order.items.length; i++) {",
    "+    ship(order.items[i]);",
    "+  }",
    ...Array.from({ length: 20 }, (_, index) => `+  step(${index});`),
    " }",
  ]),
);

const merge = (...fields: Partial<Finding>[]) =>
  mergeFindings(fields.map((one) => anchorFinding(findingOf({ body: "", ...one }), [FILE])));
const countOf = (...fields: Partial<Finding>[]): number => merge(...fields).length;

suite("findings of several passes", () => {
  test("that say the same in other words of one place are one", () => {
    assert.equal(
      countOf(
        {
          line: 3,
          title: "Off-by-one error in the loop",
          body: "The loop runs once too often and reads past the end of items.",
        },
        {
          line: 4,
          title: "Loop has an off-by-one error",
          body: "It reads past the end of items: the loop runs once more than it should.",
        },
      ),
      1,
    );
  });

  test("that say the same in scripts without spaces are one", () => {
    const pairs: readonly (readonly [string, string])[] = [
      ["ループの終了条件が一つ多い", "ループの終了条件が一つ多いです"],
      ["循环条件多执行一次,会越界", "循环条件多执行一次导致越界"],
      ["반복문이 한 번 더 실행됩니다", "반복문이 한 번 더 실행됨"],
    ];
    for (const [first, second] of pairs)
      assert.equal(countOf({ line: 3, title: first }, { line: 3, title: second }), 1);
    assert.equal(
      countOf({ line: 3, title: "ループの終了条件が一つ多い" }, { line: 3, title: "変数名が分かりにくい" }),
      2,
    );
  });

  test("that mean different things on one line stay apart", () => {
    const pairs: readonly (readonly [string, string])[] = [
      ["Missing null check for user", "Missing null check for order"],
      ["Missing null check for `user.card`", "Missing null check for `order.total`"],
      ["Unused variable i", "Off-by-one error in the loop"],
      ["The charge is not retried", "The charge is not logged"],
    ];
    for (const [first, second] of pairs)
      assert.equal(countOf({ line: 2, title: first }, { line: 2, title: second }), 2, first);
  });

  test("that say the same of places far apart, or of other files, stay apart", () => {
    const title = "Result is not checked";
    assert.equal(countOf({ line: 8, title }, { line: 11, title }), 2);
    assert.equal(countOf({ line: 8, title }, { line: 10, title }), 1);
    assert.equal(countOf({ path: "x.ts", title }, { path: "y.ts", title }), 2);
  });

  test("keep the strongest severity, a confidence a little higher, and the suggestion with its lines", () => {
    const [merged, ...others] = merge(
      {
        line: 2,
        severity: "minor",
        confidence: 0.6,
        title: "Loop runs once too often",
        quote: "for (let i = 0; i <= order.items.length; i++) {",
        suggestion: "for (const item of order.items) {",
      },
      {
        line: 4,
        severity: "critical",
        confidence: 0.5,
        title: "The loop runs once too often",
        category: "other",
      },
    );
    assert.deepEqual(others, []);
    assert.equal(merged?.finding.severity, "critical");
    assert.equal(merged?.finding.suggestion, "  for (const item of order.items) {");
    assert.ok(merged?.anchor.kind === "line" && merged.anchor.start.newLine === 3);
    const confidence = merged?.finding.confidence ?? 0;
    assert.ok(confidence > 0.6 && confidence < 0.75);
  });

  test("any findings: none is invented, single ones are untouched, twice the same is as once", () => {
    const one = fc.record({
      line: fc.integer({ min: 1, max: 26 }),
      title: fc.constantFrom(
        "Loop runs once too often",
        "Name is unclear",
        "Result is not checked",
        "결과를 확인하지 않음",
      ),
      confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 8 }), (fields) => {
        const anchored = fields.map((each) => anchorFinding(findingOf({ body: "", ...each }), [FILE]));
        const merged = mergeFindings(anchored);
        const titles = new Set(anchored.map(({ finding }) => finding.title));
        assert.deepEqual(new Set(merged.map(({ finding }) => finding.title)), titles);
        for (const { finding } of merged) assert.ok(finding.confidence >= 0 && finding.confidence <= 1);
        const twice = mergeFindings(anchored.flatMap((each) => [each, each]));
        assert.deepEqual(
          twice.map(({ finding }) => finding.title),
          merged.map(({ finding }) => finding.title),
        );
      }),
      { numRuns: 300 },
    );
  });
});
