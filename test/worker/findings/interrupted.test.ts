import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createMemoryJournal, type Journal } from "../../../src/base/journal.ts";
import { FINDINGS_INPUTS } from "../../../src/worker/findings/findings-flow.ts";
import { createPlace } from "./place.ts";
import { createWorker, fakeFindingsFlow, fakeFlow, verdictsOn, linesOf, shownLines } from "./world.ts";

const bugAt = (at: number): string =>
  linesOf(100, (line) => (line === at ? `BUG ${line} ${"word ".repeat(200).trim()}` : null));
const clean = linesOf(100);
const files = { "a.ts": [clean, bugAt(10)], "b.ts": [clean, bugAt(20)], "c.ts": [clean, bugAt(30)] } as const;

class Killed extends Error {}

/** Counts every step that leaves a trace, and breaks off at the `deadline`th as a kill would. */
const createFuse = (deadline: number) => {
  let steps = 0;
  let isIntact = true;
  const step = (): void => {
    if (!isIntact) return;
    steps += 1;
    if (steps >= deadline) throw new Killed("killed");
  };
  return { step, steps: () => steps, remove: () => (isIntact = false) };
};

/** A journal whose process dies before or after a write, by the fuse. */
const fused = (journal: Journal, step: () => void): Journal => ({
  read: journal.read,
  entries: journal.entries,
  write: async (key, value) => {
    step();
    await journal.write(key, value);
    step();
  },
});

/** A review with verification and a summary that is killed at one step and taken up again. */
const play = async (deadline: number) => {
  const world = createPlace(files);
  const memory = createMemoryJournal();
  const verify = fakeFlow(FINDINGS_INPUTS.verify, (request) => verdictsOn(request, { f1: "confirmed" }));
  const summary = fakeFlow(FINDINGS_INPUTS.summary, () => ({ outputs: { summary: "A walk-through." } }));
  const { flow, requests } = fakeFindingsFlow({ verify, summary });
  const limited = { ...flow, limits: { ...flow.limits, unitTokens: 500, unitsAtOnce: 1 } };
  const fuse = createFuse(deadline);
  world.place.interfere = fuse.step;
  const run = createWorker(world, fused(memory, fuse.step)).startRun((journal) => fused(journal, fuse.step));
  const killed = await run(limited);
  fuse.remove();
  const finished = await run(limited, 2);
  return { world, requests, verify, summary, killed, finished, steps: fuse.steps() };
};

suite("a review that is killed", () => {
  test("at any step goes on there: no part is asked twice, nothing is published twice", async () => {
    const whole = await play(Infinity);
    assert.equal(whole.killed.state, "succeeded");
    assert.ok(whole.steps > 30, `${whole.steps} steps`);
    for (let deadline = 1; deadline <= whole.steps; deadline += 1) {
      const { world, requests, verify, summary, killed, finished } = await play(deadline);
      assert.notEqual(killed.state, "succeeded", `step ${deadline}`);
      assert.equal(finished.state, "succeeded", `step ${deadline}: ${JSON.stringify(finished)}`);
      const bodies = world.threads().map(({ notes: [note] }) => note?.body ?? "");
      assert.equal(bodies.length, 3, `step ${deadline}`);
      assert.equal(new Set(bodies).size, 3, `step ${deadline}`);
      assert.equal(world.summaries().length, 1, `step ${deadline}`);
      assert.ok(world.threads().every(({ notes, resolved }) => notes.length === 1 && !resolved));
      // A question whose answer was on its way when the process died has the same name the second time,
      // by which its runner finds it again.
      const asked = [...requests, ...verify.requests, ...summary.requests].map(({ runId }) => runId);
      assert.equal(new Set(asked).size, 7, `step ${deadline}`);
      assert.ok(asked.length <= 8, `step ${deadline}: asked ${asked.length} times`);
      assert.ok(requests.every((request) => shownLines(request).length > 0));
    }
  });
});
