import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallGate, GatePass } from "../../src/base/call-gate.ts";
import { failureOf, setUpClient } from "./client-setup.ts";
import { answer } from "./tiny-gitlab.ts";

const createGate = (passes: readonly GatePass[] = []) => {
  const held: number[] = [];
  let asked = 0;
  const gate: CallGate = {
    pass: async () => passes[asked++] ?? { kind: "go" },
    holdOff: (waitMs) => void held.push(waitMs),
  };
  return { gate, held, asked: () => asked };
};

test("every attempt passes the gate, and a 429 with a hint holds everybody off", async () => {
  const { gate, held, asked } = createGate();
  await using gitlab = await setUpClient(
    (_, response, number) => {
      if (number === 1) return answer(response, 429, "slow down", { "retry-after": "7" });
      if (number === 2) return answer(response, 503, "later", { "retry-after": "3" });
      return answer(response, 200, { id: 1 });
    },
    { gate },
  );
  assert.deepEqual(await gitlab.getUser(), { id: 1 });
  assert.equal(asked(), 3);
  assert.deepEqual(held, [7_000], "a server that is down for all of its own holds nobody off");
});

test("a pause that is too long to wait for ends the call before anything is sent", async () => {
  const { gate } = createGate([{ kind: "later", waitMs: 90_000 }]);
  await using gitlab = await setUpClient((_, response) => answer(response, 200, { id: 1 }), { gate });
  const error = await failureOf(gitlab.postNote());
  assert.equal(error.code, "gitlab-rate-limited");
  assert.equal(error.retryable, true);
  assert.equal(error.retryAfterMs, 90_000);
  assert.deepEqual(gitlab.calls, []);
});
