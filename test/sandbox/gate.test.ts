import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createGate } from "../../src/sandbox/gate.ts";

const live = (): AbortSignal => new AbortController().signal;

describe("a gate", () => {
  it("lets its number through and the others in their order", async () => {
    const gate = createGate(2);
    const order: number[] = [];
    const leaves = await Promise.all([gate.enter(live()), gate.enter(live())]);
    const waiting = [3, 4].map(async (name) => {
      const leave = await gate.enter(live());
      order.push(name);
      return leave;
    });
    await Promise.resolve();
    assert.deepEqual(order, []);
    leaves[0]();
    (await waiting[0])?.();
    (await waiting[1])?.();
    assert.deepEqual(order, [3, 4]);
  });

  it("counts a place once, however often it is given back", async () => {
    const gate = createGate(1);
    const leave = await gate.enter(live());
    leave();
    leave();
    await gate.enter(live());
    let entered = false;
    void gate.enter(live()).then(() => (entered = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(entered, false);
  });

  it("forgets who gave up waiting", async () => {
    const gate = createGate(1);
    const leave = await gate.enter(live());
    const controller = new AbortController();
    const reason = new Error("gave up");
    const gaveUp = gate.enter(controller.signal);
    const patient = gate.enter(live());
    controller.abort(reason);
    await assert.rejects(gaveUp, reason);
    leave();
    (await patient)();
    await assert.rejects(gate.enter(AbortSignal.abort(reason)), reason);
  });
});
