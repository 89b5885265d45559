import { saying } from "../messages/saying.ts";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createBreakers } from "../../src/base/circuit-breaker.ts";
import { systemClock } from "../../src/base/clock.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createTestClient, modelRequest, standInModel } from "./model-setup.ts";

const DOWN = { kind: "status", status: 503 } as const;

suite("a model that fails again and again", () => {
  test("is left alone, while its fallback is asked at once; then one call finds out", async () => {
    await using broken = await startModelStandIn();
    await using spare = await startModelStandIn();
    let nowMs = 0;
    const rules = { failures: 3, openMs: 1_000, longestOpenMs: 1_000 };
    const breakers = createBreakers({ rules, clock: { ...systemClock, now: () => nowMs } });
    const models = [standInModel(broken), standInModel(spare, { name: "spare" })];
    const { client, records } = createTestClient(models, { fallback: "spare", breakerOf: breakers.of });
    broken.fail(DOWN, DOWN, DOWN);
    assert.ok((await client.generate(modelRequest())).ok);
    assert.equal(breakers.of("main").state(), "open");
    assert.ok((await client.generate(modelRequest())).ok);
    assert.deepEqual(
      records.map(({ model }) => model),
      ["main", "main", "main", "spare", "spare"],
    );
    nowMs = 1_000;
    const [first, second] = await Promise.all([
      client.generate(modelRequest()),
      client.generate(modelRequest()),
    ]);
    assert.ok(first?.ok && second?.ok);
    assert.deepEqual(
      records.slice(5).map(({ model }) => model),
      ["main", "main"],
    );
    assert.equal(breakers.of("main").state(), "closed");
  });

  test("without a fallback gives a failure that says so, and that may pass", async () => {
    await using broken = await startModelStandIn();
    const rules = { failures: 3, openMs: 60_000, longestOpenMs: 60_000 };
    const breakers = createBreakers({ rules, clock: systemClock });
    const { client, records } = createTestClient([standInModel(broken)], { breakerOf: breakers.of });
    broken.fail(DOWN, DOWN, DOWN);
    assert.equal((await client.generate(modelRequest())).ok, false);
    const left = await client.generate(modelRequest());
    assert.ok(!left.ok && left.retryable);
    assert.match(left.message, saying("model.left-alone"));
    assert.equal(records.length, 3);
  });
});
