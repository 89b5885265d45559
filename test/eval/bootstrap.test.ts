import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../properties.ts";
import { type CaseTallies, compareFlows } from "../../src/eval/score/bootstrap.ts";
import { METRIC_NAMES } from "../../src/eval/score/metrics.ts";
import { NO_TALLY, type Tally } from "../../src/eval/score/tally.ts";

const tally = (more: Partial<Tally>): Tally => ({ ...NO_TALLY, runs: 1, changedLines: 50, ...more });

const aTally = fc
  .record({ expected: fc.nat(5), reported: fc.nat(8), part: fc.double({ min: 0, max: 1, noNaN: true }) })
  .map(({ expected, reported, part }) =>
    tally({ expected, reported, matched: Math.round(part * Math.min(expected, reported)), cost: part }),
  );

const someCases = (length: number): fc.Arbitrary<readonly CaseTallies[]> =>
  fc.array(fc.array(aTally, { minLength: 1, maxLength: 3 }), { minLength: length, maxLength: length });

const OPTIONS = { resamples: 60, seed: 7 };

describe("comparing flows", () => {
  it("keeps bounds in order and shares between 0 and 1, the same for the same seed", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }).chain((length) => fc.tuple(someCases(length), someCases(length))),
        (flows) => {
          const comparison = compareFlows(flows, OPTIONS);
          assert.deepEqual(compareFlows(flows, OPTIONS), comparison);
          for (const estimates of comparison.flows) {
            for (const { low, high, value } of METRIC_NAMES.map((name) => estimates[name])) {
              assert.equal(low === null, high === null);
              assert.ok(low === null || high === null || low <= high);
              assert.ok(low === null || value !== null);
            }
            for (const name of ["precision", "recall", "f1"] as const)
              for (const bound of [estimates[name].low, estimates[name].high])
                assert.ok(bound === null || (bound >= 0 && bound <= 1));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("finds no difference between a flow and itself when nothing varies between repeats", () => {
    const cases = [1, 3, 0, 2].map((matched) => [tally({ expected: 4, reported: 4, matched })]);
    const { differences } = compareFlows([cases, cases], OPTIONS);
    assert.deepEqual(differences[0]?.recall, { value: 0, low: 0, high: 0 });
  });

  it("sees a difference that holds in every case, though the cases differ more than the flows", () => {
    const flow = (more: number) =>
      [0, 2, 4, 6, 8].map((matched) => [tally({ expected: 10, reported: 10, matched: matched + more })]);
    const { flows, differences } = compareFlows([flow(0), flow(1)], { resamples: 300, seed: 1 });
    assert.ok((differences[0]?.recall.low ?? 0) > 0.05);
    assert.ok((flows[0]?.recall.high ?? 0) > (flows[1]?.recall.low ?? 1), "unpaired intervals overlap");
  });

  it("says nothing about others from one case, and nothing where there is nothing to divide by", () => {
    const one = compareFlows([[[tally({ expected: 2, reported: 0 })]]], OPTIONS).flows[0];
    assert.deepEqual(one?.recall, { value: 0, low: null, high: null });
    assert.deepEqual(one?.precision, { value: null, low: null, high: null });
  });

  it("sums before it divides, so that large cases count as more", () => {
    const cases = [[tally({ expected: 1, reported: 1, matched: 1 })], [tally({ expected: 9, reported: 0 })]];
    assert.equal(compareFlows([cases], OPTIONS).flows[0]?.recall.value, 0.1);
  });
});
