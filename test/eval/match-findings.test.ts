import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matchFindings } from "../../src/eval/match/match-findings.ts";
import type { Reported } from "../../src/eval/match/reported.ts";
import type { Expected } from "../../src/eval/set/eval-case.ts";

const expected = (
  path: string | null,
  lines: readonly [number, number] | null,
  more: Partial<Expected> = {},
): Expected => ({
  path,
  side: "new",
  lines: lines === null ? null : { first: lines[0], last: lines[1] },
  severity: null,
  category: null,
  text: "It breaks",
  ...more,
});

const reported = (
  path: string,
  lines: readonly [number, number] | null,
  more: Partial<Reported> = {},
): Reported => ({
  path,
  side: "new",
  lines: lines === null ? null : { first: lines[0], last: lines[1] },
  severity: "major",
  category: "bug",
  title: "Breaks",
  body: "It does",
  ...more,
});

const byPosition = { tolerance: 2, isSame: null };

describe("matching by position", () => {
  it("takes what is in the same file within the tolerance, and says how far off it is", () => {
    const wanted = [expected("a.ts", [10, 12])];
    const at = (lines: readonly [number, number]) =>
      matchFindings(wanted, [reported("a.ts", lines)], byPosition);
    assert.deepEqual(at([10, 12]), [{ expected: 0, reported: 0, distance: 0, isExact: true }]);
    assert.deepEqual(at([12, 20]), [{ expected: 0, reported: 0, distance: 0, isExact: false }]);
    assert.deepEqual(at([14, 14]), [{ expected: 0, reported: 0, distance: 2, isExact: false }]);
    assert.deepEqual(at([7, 7]), []);
    assert.deepEqual(matchFindings(wanted, [reported("b.ts", [10, 12])], byPosition), []);
    assert.deepEqual(matchFindings(wanted, [reported("a.ts", [10, 12], { side: "old" })], byPosition), []);
  });

  it("counts a finding once, however often it is said", () => {
    const twice = [reported("a.ts", [10, 10]), reported("a.ts", [10, 10])];
    assert.equal(matchFindings([expected("a.ts", [10, 10])], twice, byPosition).length, 1);
  });

  it("gives neighbours to each other so that both are found", () => {
    const wanted = [expected("a.ts", [10, 10]), expected("a.ts", [12, 12])];
    const found = [reported("a.ts", [12, 12]), reported("a.ts", [14, 14])];
    const pairs = matchFindings(wanted, found, byPosition).map((match) => [match.expected, match.reported]);
    assert.deepEqual(pairs, [
      [0, 0],
      [1, 1],
    ]);
  });

  it("prefers the finding on exactly the lines among those that touch them", () => {
    const found = [reported("a.ts", [1, 40]), reported("a.ts", [10, 12])];
    assert.equal(matchFindings([expected("a.ts", [10, 12])], found, byPosition)[0]?.reported, 1);
  });

  it("knows findings about a file as a whole, and none of an unknown place", () => {
    assert.equal(
      matchFindings([expected("a.ts", null)], [reported("a.ts", null)], byPosition)[0]?.distance,
      0,
    );
    assert.deepEqual(matchFindings([expected("a.ts", null)], [reported("a.ts", [1, 1])], byPosition), []);
    assert.deepEqual(matchFindings([expected(null, null)], [reported("a.ts", null)], byPosition), []);
  });
});

describe("matching by meaning", () => {
  it("takes what the judge takes for the same, wherever it is, and nothing else", () => {
    const wanted = [expected(null, null), expected("a.ts", [10, 10])];
    const found = [reported("a.ts", [10, 10]), reported("b.ts", [99, 99])];
    const isSame = (one: number, other: number): boolean => one === 0 && other === 1;
    assert.deepEqual(matchFindings(wanted, found, { tolerance: 2, isSame }), [
      { expected: 0, reported: 1, distance: null, isExact: false },
    ]);
  });
});
