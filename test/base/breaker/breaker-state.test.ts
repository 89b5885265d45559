import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type BreakerRules,
  type BreakerState,
  CLOSED,
  admitCall,
  learnFromCall,
} from "../../../src/base/breaker/breaker-state.ts";
import { fc } from "../../properties.ts";

const RULES: BreakerRules = { failures: 3, openMs: 100, longestOpenMs: 1_000, probeMs: 50 };

type Step =
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "ask" }
  | { readonly kind: "tell"; readonly which: number; readonly verdict: "works" | "fails" | "unknown" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 400 }) }),
    fc.constant({ kind: "ask" as const }),
    fc.record({
      kind: fc.constant("tell" as const),
      which: fc.nat(20),
      verdict: fc.constantFrom("works" as const, "fails" as const, "unknown" as const),
    }),
  ),
  { maxLength: 60 },
);

/** Plays steps and calls `look` after each. */
const play = (
  moves: readonly Step[],
  look: (seen: {
    readonly before: BreakerState;
    readonly after: BreakerState;
    readonly nowMs: number;
    readonly step: Step;
    readonly told: { readonly probe: number | null; readonly verdict: string } | null;
    readonly admission: ReturnType<typeof admitCall>["admission"] | null;
  }) => void,
): void => {
  let state = CLOSED;
  let nowMs = 1_000;
  const calls: (number | null)[] = [];
  for (const step of moves) {
    const before = state;
    let told = null;
    let admission = null;
    if (step.kind === "pass") nowMs += step.ms;
    if (step.kind === "ask") {
      const next = admitCall(state, nowMs, RULES);
      ({ state, admission } = next);
      if (admission.kind === "go") calls.push(admission.probe);
    }
    if (step.kind === "tell" && calls.length > 0) {
      const [probe = null] = calls.splice(step.which % calls.length, 1);
      told = { probe, verdict: step.verdict };
      state = learnFromCall(state, { probe, verdict: step.verdict }, nowMs, RULES);
    }
    look({ before, after: state, nowMs, step, told, admission });
  }
};

suite("the states of a circuit breaker", () => {
  test("it opens after so many failures in a row, and only then", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("works" as const, "fails" as const), { maxLength: 20 }),
        (told) => {
          let state = CLOSED;
          let row = 0;
          for (const verdict of told) {
            if (state.kind !== "closed") return;
            row = verdict === "fails" ? row + 1 : 0;
            state = learnFromCall(state, { probe: null, verdict }, 0, RULES);
            assert.equal(state.kind, row >= RULES.failures ? "open" : "closed");
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test("while it is open nothing passes, and no wait is longer than the longest", () => {
    fc.assert(
      fc.property(steps, (moves) => {
        play(moves, ({ before, nowMs, admission }) => {
          if (admission === null) return;
          if (before.kind === "open" && nowMs < before.untilMs) assert.equal(admission.kind, "open");
          if (admission.kind !== "go")
            assert.ok(admission.waitMs > 0 && admission.waitMs <= RULES.longestOpenMs);
        });
      }),
      { numRuns: 300 },
    );
  });

  test("one probe at a time; only a probe that works closes it again", () => {
    fc.assert(
      fc.property(steps, (moves) => {
        play(moves, ({ before, after, nowMs, told, admission }) => {
          if (before.kind === "half-open" && nowMs < before.probeUntilMs && admission !== null)
            assert.equal(admission.kind, "probing");
          if (before.kind !== "closed" && after.kind === "closed") {
            assert.equal(before.kind, "half-open");
            assert.deepEqual(told, {
              probe: before.kind === "half-open" ? before.probes : null,
              verdict: "works",
            });
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  test("it never stays shut: whatever happened, a call gets through after the longest wait", () => {
    fc.assert(
      fc.property(steps, (moves) => {
        let last: { state: BreakerState; nowMs: number } = { state: CLOSED, nowMs: 1_000 };
        play(moves, ({ after, nowMs }) => (last = { state: after, nowMs }));
        const later = admitCall(last.state, last.nowMs + RULES.longestOpenMs, RULES);
        assert.equal(later.admission.kind, "go");
        // Not even a clock that was put back keeps it shut.
        const back = admitCall(last.state, last.nowMs - 10_000_000, RULES);
        assert.equal(back.admission.kind, "go");
      }),
      { numRuns: 300 },
    );
  });

  test("each probe that fails doubles the wait; one that was given up costs none", () => {
    let state: BreakerState = { kind: "closed", failures: 2 };
    let nowMs = 0;
    const waits: number[] = [];
    state = learnFromCall(state, { probe: null, verdict: "fails" }, nowMs, RULES);
    for (let round = 1; round <= 6; round += 1) {
      assert.ok(state.kind === "open");
      waits.push(state.untilMs - nowMs);
      nowMs = state.untilMs;
      const { state: next, admission } = admitCall(state, nowMs, RULES);
      assert.ok(admission.kind === "go" && admission.probe === round);
      state = learnFromCall(next, { probe: round, verdict: "fails" }, nowMs, RULES);
    }
    assert.deepEqual(waits, [100, 200, 400, 800, 1_000, 1_000]);
    assert.ok(state.kind === "open");
    const probing = admitCall(state, state.untilMs, RULES);
    const given = learnFromCall(probing.state, { probe: 7, verdict: "unknown" }, state.untilMs, RULES);
    assert.equal(admitCall(given, state.untilMs, RULES).admission.kind, "go");
  });
});
