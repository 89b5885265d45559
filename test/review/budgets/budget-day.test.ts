import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { budgetDay } from "../../../src/review/budgets/budget-day.ts";
import { fc } from "../../properties.ts";

const ZONES = ["UTC", "Asia/Tokyo", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "America/Sao_Paulo"];

suite("the day of a budget", () => {
  test("is the calendar's, in the zone that is asked for", () => {
    const ms = Date.parse("2026-02-28T23:30:00Z");
    assert.deepEqual(budgetDay(ms, "UTC"), {
      name: "2026-02-28",
      endsAtMs: Date.parse("2026-03-01T00:00:00Z"),
    });
    assert.deepEqual(budgetDay(ms, "Asia/Tokyo"), {
      name: "2026-03-01",
      endsAtMs: Date.parse("2026-03-01T15:00:00Z"),
    });
  });

  test("has 23 or 25 hours when clocks change", () => {
    const spring = Date.parse("2026-03-28T23:00:00Z");
    assert.equal(budgetDay(spring, "Europe/Berlin").endsAtMs - spring, 23 * 3_600_000);
    const autumn = Date.parse("2026-10-24T22:00:00Z");
    assert.equal(budgetDay(autumn, "Europe/Berlin").endsAtMs - autumn, 25 * 3_600_000);
  });

  test("ends where another begins, whatever the moment", () => {
    const moments = fc.integer({ min: Date.parse("2015-01-01"), max: Date.parse("2035-01-01") });
    fc.assert(
      fc.property(moments, fc.constantFrom(...ZONES), (ms, zone) => {
        const { name, endsAtMs } = budgetDay(ms, zone);
        assert.ok(endsAtMs > ms);
        assert.equal(budgetDay(endsAtMs - 1, zone).name, name);
        assert.ok(budgetDay(endsAtMs, zone).name > name);
      }),
      { numRuns: 60 },
    );
  });
});
