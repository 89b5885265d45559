import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallGate, GatePass } from "../../src/base/call-gate.ts";
import { DifyError } from "../../src/base/errors.ts";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { isDifyOutage } from "../../src/dify/breaker-runner.ts";
import { assertDone, open } from "./fault-world.ts";

test("a run that Dify wants later is not asked for, and asked for once when its pause is over", async () => {
  let pass: GatePass = { kind: "go" };
  let asked = 0;
  const gate: CallGate = {
    pass: async () => {
      asked += 1;
      return pass;
    },
    holdOff: () => assert.fail("nobody said so"),
  };
  await using world = await open({ runner: { gate } });
  const journal = createMemoryJournal();
  pass = { kind: "later", waitMs: 90_000 };
  await assert.rejects(world.run(journal), (error) => {
    assert.ok(error instanceof DifyError);
    assert.equal(error.code, "dify-paused");
    assert.equal(error.retryAfterMs, 90_000);
    // Nothing was sent: it costs no attempt, and says nothing about the server.
    assert.deepEqual([error.untried, isDifyOutage(error)], [true, false]);
    return error.retryable;
  });
  assert.equal(world.standIn.requests().length, 0);
  pass = { kind: "go" };
  assertDone(await world.run(journal));
  assert.equal(world.standIn.runs().length, 1);
  assert.ok(asked >= 3);
});
