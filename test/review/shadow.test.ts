import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import { decideChoice } from "../../src/review/shadow/decide-choice.ts";
import { isInShare } from "../../src/review/shadow/is-in-share.ts";
import { matchFindings } from "../../src/review/shadow/match-findings.ts";
import type { ShadowFinding } from "../../src/review/shadow/shadow-finding.ts";
import { countAll, figuresOf } from "../../src/review/shadow/shadow-report.ts";
import { sumShadows } from "../../src/review/shadow/sum-shadows.ts";
import { fc } from "../properties.ts";

const finding = (changes: Partial<ShadowFinding> = {}): ShadowFinding => ({
  path: "a.ts",
  side: "new",
  line: 10,
  endLine: null,
  severity: "major",
  category: "bug",
  confidence: 0.8,
  title: "A title",
  body: "",
  fingerprint: null,
  ...changes,
});

const findings = fc.array(
  fc
    .record({
      path: fc.constantFrom("a.ts", "b.ts"),
      side: fc.constantFrom("new" as const, "old" as const),
      line: fc.option(fc.integer({ min: 1, max: 12 })),
      length: fc.integer({ min: 0, max: 4 }),
      category: fc.constantFrom("bug" as const, "style" as const),
      severity: fc.constantFrom("critical" as const, "minor" as const),
      fingerprint: fc.option(fc.constantFrom("x", "y")),
    })
    .map(({ length, ...rest }) =>
      finding({ ...rest, endLine: rest.line === null ? null : rest.line + length }),
    ),
  { maxLength: 8 },
);

const side = (found: readonly ShadowFinding[], totalTokens = 0, totalPrice = 0, currency = "USD") => ({
  findings: [...found],
  text: null,
  usage: { ...NO_USAGE, totalTokens, totalPrice, currency },
  elapsedMs: 100,
  remarks: [],
});

suite("matching findings of two flows", () => {
  test("puts each finding into exactly one place, and pairs only what matches", () => {
    fc.assert(
      fc.property(findings, findings, (present, candidate) => {
        const { both, onlyPresent, onlyCandidate } = matchFindings(present, candidate);
        assert.equal(both.length + onlyPresent.length, present.length);
        assert.equal(both.length + onlyCandidate.length, candidate.length);
        assert.deepEqual(new Set([...both.map((pair) => pair.present), ...onlyPresent]), new Set(present));
        assert.deepEqual(
          new Set([...both.map((pair) => pair.candidate), ...onlyCandidate]),
          new Set(candidate),
        );
        for (const pair of both) assert.equal(matchFindings([pair.present], [pair.candidate]).both.length, 1);
      }),
      { numRuns: 100 },
    );
  });

  test("pairs every finding of a flow with itself", () => {
    fc.assert(
      fc.property(findings, (found) => {
        const { both } = matchFindings(found, found);
        assert.equal(both.length, found.length);
      }),
      { numRuns: 50 },
    );
  });

  test("takes overlapping lines of one file for the same, others not", () => {
    const at = (line: number | null, endLine: number | null = null, more = {}) =>
      finding({ line, endLine, ...more });
    const isSame = (left: ShadowFinding, right: ShadowFinding) =>
      matchFindings([left], [right]).both.length === 1;
    assert.ok(isSame(at(10, 14), at(14, 20)));
    assert.ok(!isSame(at(10, 14), at(15)));
    assert.ok(!isSame(at(10), at(10, null, { path: "b.ts" })));
    assert.ok(!isSame(at(10), at(10, null, { side: "old" })));
    assert.ok(!isSame(at(10), at(null)));
    assert.ok(isSame(at(null), at(null)));
    assert.ok(isSame(at(10, null, { fingerprint: "x" }), at(90, null, { fingerprint: "x" })));
  });

  test("prefers the same fingerprint, then the same category, then the larger overlap", () => {
    const present = finding({ line: 10, endLine: 12, fingerprint: "x" });
    const overlap = finding({ line: 10, endLine: 12, category: "style", title: "overlap" });
    const category = finding({ line: 12, title: "category" });
    const print = finding({ line: 40, fingerprint: "x", title: "print" });
    const partner = (...candidates: readonly ShadowFinding[]) =>
      matchFindings([present], candidates).both[0]?.candidate.title;
    assert.equal(partner(overlap, category, print), "print");
    assert.equal(partner(overlap, category), "category");
    assert.equal(partner(finding({ line: 12, category: "style" }), overlap), "overlap");
  });
});

suite("sums over comparisons", () => {
  const shadow = (iid: number, figures: ReturnType<typeof figuresOf> | null, state = "done" as const) => ({
    projectId: 1,
    iid,
    state,
    figures,
  });

  test("count findings of the newest comparison of each merge request, and what every one took", () => {
    const newest = figuresOf({
      present: side([finding(), finding({ line: 90, severity: "minor" })], 10, 0.5),
      candidate: side([finding({ line: 10 }), finding({ line: 50, severity: "critical" })], 20, 0.25, "EUR"),
    });
    const older = figuresOf({ present: side([finding()], 5, 0.5), candidate: side([], 7) });
    const totals = sumShadows([
      shadow(1, newest),
      shadow(1, older),
      shadow(2, older),
      { ...shadow(3, null), state: "failed" },
      { ...shadow(3, null), state: "skipped" },
      { ...shadow(3, null), state: "active" },
    ]);
    assert.deepEqual(
      [totals.mergeRequests, totals.compared, totals.failed, totals.skipped, totals.waiting],
      [2, 3, 1, 1, 1],
    );
    assert.equal(totals.both.major, 1);
    assert.deepEqual([totals.onlyPresent.minor, totals.onlyPresent.major], [1, 1]);
    assert.equal(countAll(totals.onlyCandidate), 1);
    assert.equal(totals.onlyCandidate.critical, 1);
    assert.deepEqual([totals.present.tokens, totals.candidate.tokens], [20, 34]);
    assert.deepEqual([...totals.present.cost], [["USD", 1.5]]);
    assert.deepEqual([...totals.candidate.cost], [["EUR", 0.25]]);
    assert.equal(totals.candidate.elapsedMs, 300);
  });
});

suite("a candidate's share of merge requests", () => {
  test("is none at 0, all at 1, about as many as were asked for, and the same every time", () => {
    const all = Array.from({ length: 400 }, (_, iid) => ({ projectId: 7, iid }));
    const count = (share: number) => all.filter((ref) => isInShare(ref, "c", share)).length;
    assert.equal(count(0), 0);
    assert.equal(count(1), 400);
    assert.ok(count(0.25) > 60 && count(0.25) < 140);
    for (const ref of all.slice(0, 20)) assert.equal(isInShare(ref, "c", 0.5), isInShare(ref, "c", 0.5));
  });
});

suite("deciding about a candidate", () => {
  test("is refused for one that is not configured, whatever is asked", () => {
    for (const action of ["promote", "drop", "undo"] as const) {
      assert.deepEqual(decideChoice(action, { isConfigured: false, choice: "promoted" }), {
        kind: "refused",
        code: "shadow-unknown",
      });
    }
  });

  test("promotes, drops and takes back; what is promoted is taken back before it is dropped", () => {
    const decide = (action: "promote" | "drop" | "undo", choice: "promoted" | "dropped" | null) => {
      const decision = decideChoice(action, { isConfigured: true, choice });
      return decision.kind === "set" ? decision.choice : decision.code;
    };
    assert.equal(decide("promote", null), "promoted");
    assert.equal(decide("promote", "dropped"), "promoted");
    assert.equal(decide("promote", "promoted"), "shadow-unchanged");
    assert.equal(decide("drop", null), "dropped");
    assert.equal(decide("drop", "dropped"), "shadow-unchanged");
    assert.equal(decide("drop", "promoted"), "shadow-promoted");
    assert.equal(decide("undo", "promoted"), null);
    assert.equal(decide("undo", "dropped"), null);
    assert.equal(decide("undo", null), "shadow-nothing-to-undo");
  });
});
