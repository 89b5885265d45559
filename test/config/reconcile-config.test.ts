import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ENOUGH, load, problemsOf } from "./config-setup.ts";

suite("configuration of looking for missed changes", () => {
  test("is on by itself, every ten minutes, for every project", () => {
    assert.deepEqual(load(ENOUGH).reconcile, {
      enabled: true,
      everyMs: 600_000,
      sinceMs: null,
      projects: null,
    });
  });

  test("takes a pause, a moment and projects", () => {
    const yaml =
      'reconcile: { every: 1h, enabled: false, since: 2026-11-24T08:00:00+09:00, projects: ["team/**"] }';
    assert.deepEqual(load(ENOUGH, yaml).reconcile, {
      enabled: false,
      everyMs: 3_600_000,
      sinceMs: Date.UTC(2026, 10, 23, 23),
      projects: ["team/**"],
    });
    assert.equal(load(ENOUGH, "reconcile: { since: 2026-11-24 }").reconcile.sinceMs, Date.UTC(2026, 10, 24));
  });

  test("names what it cannot use", () => {
    const yaml = "reconcile: { every: 10ms, since: yesterday, projects: [], often: true }";
    const problems = problemsOf(ENOUGH, yaml).join("\n");
    assert.match(problems, /reconcile\.every: value.too-small least=1s/);
    assert.match(problems, /reconcile\.since: config.not-a-moment text=yesterday/);
    assert.match(problems, /reconcile\.projects: config.no-project/);
    assert.match(problems, /reconcile: value.unknown-keys count=1 keys=\[often\]/);
  });
});
