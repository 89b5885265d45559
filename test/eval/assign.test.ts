import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../properties.ts";
import { assign } from "../../src/eval/match/assign.ts";

type Costs = readonly (readonly (number | null)[])[];

/** The most pairs and of those the least cost, by trying everything. */
const best = (costs: Costs, row = 0, used: readonly number[] = []): readonly [number, number] => {
  const options = costs[row];
  if (options === undefined) return [0, 0];
  let found = best(costs, row + 1, used);
  for (const [column, cost] of options.entries()) {
    if (cost === null || used.includes(column)) continue;
    const [pairs, sum] = best(costs, row + 1, [...used, column]);
    if (pairs + 1 > found[0] || (pairs + 1 === found[0] && sum + cost < found[1]))
      found = [pairs + 1, sum + cost];
  }
  return found;
};

const table = fc
  .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }))
  .chain(([rows, columns]) =>
    fc.array(
      fc.array(fc.option(fc.integer({ min: 0, max: 20 }), { freq: 2 }), {
        minLength: columns,
        maxLength: columns,
      }),
      { minLength: rows, maxLength: rows },
    ),
  );

describe("assign", () => {
  it("pairs as many as can be paired, at the least cost, each once and none that is forbidden", () => {
    fc.assert(
      fc.property(table, (costs) => {
        const pairs = assign(costs).flatMap((column, row) => (column === null ? [] : [{ row, column }]));
        assert.equal(new Set(pairs.map(({ column }) => column)).size, pairs.length);
        const spent = pairs.map(({ row, column }) => costs[row]?.[column] ?? Number.NaN);
        const sum = spent.reduce((total, cost) => total + cost, 0);
        assert.deepEqual([pairs.length, sum], best(costs));
      }),
      { numRuns: 200 },
    );
  });

  it("gives up a near pair for one more pair", () => {
    const costs = [
      [0, 1],
      [0, null],
    ];
    assert.deepEqual(assign(costs), [1, 0]);
  });
});
