import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { createMemoryJournal, type Journal } from "../../../src/base/journal.ts";
import { type FlowRunResult, runFlow } from "../../../src/flow/engine/run-flow.ts";
import type { Flow } from "../../../src/flow/flow.ts";
import type { FlowEvent } from "../../../src/flow/flow-event.ts";
import { createScriptedPorts } from "../scripted-ports.ts";
import { askingFlow, conformanceFlow } from "./flow-files.ts";

class Killed extends Error {}

/** A journal over `inner` that aborts the run as soon as `count` nodes are written. */
const killingJournal = (inner: Journal, count: number, kill: AbortController): Journal => {
  let writes = 0;
  return {
    ...inner,
    write: async (key, value) => {
      if (kill.signal.aborted) throw new Killed();
      await inner.write(key, value);
      if (key.startsWith("node/")) writes += 1;
      if (writes >= count) kill.abort(new Killed());
    },
  };
};

type Told = { readonly prompts: string[]; readonly events: FlowEvent[] };

const start = async (
  flow: Flow,
  journal: Journal,
  told: Told,
  signal?: AbortSignal,
): Promise<FlowRunResult> => {
  const { ports, calls } = createScriptedPorts();
  try {
    return await runFlow(flow, {
      inputs: {},
      ports,
      journal,
      signal: signal ?? new AbortController().signal,
      onEvent: (event) => told.events.push(event),
      clock: systemClock,
      runId: "run-1",
    });
  } finally {
    told.prompts.push(...calls.model.map((call) => call.messages.at(-1)?.content ?? ""));
  }
};

const tell = (): Told => ({ prompts: [], events: [] });

/** Runs until `count` nodes are journaled, is killed, and goes on. */
const killAndResume = async (flow: Flow, count: number) => {
  const journal = createMemoryJournal();
  const kill = new AbortController();
  const first = tell();
  const ended = await start(flow, killingJournal(journal, count, kill), first, kill.signal).catch(
    (error: unknown) => error,
  );
  const second = tell();
  return { first, ended, second, result: await start(flow, journal, second) };
};

describe("a run that is taken up", () => {
  for (const container of ["iteration", "loop"] as const) {
    it(`asks the model only for what had not finished, wherever the ${container} was killed`, async () => {
      const flow = askingFlow(container, 3);
      const whole = tell();
      const expected = await start(flow, createMemoryJournal(), whole);
      assert.equal(whole.prompts.length, 4);
      // Start, make, three rounds of two, the container, after and end.
      for (let count = 1; count <= 11; count += 1) {
        const { first, ended, second, result } = await killAndResume(flow, count);
        assert.deepEqual(
          [...first.prompts, ...second.prompts].sort(),
          whole.prompts.toSorted(),
          `killed at ${count}`,
        );
        assert.deepEqual(result, expected, `killed at ${count}`);
        if (count < 11) assert.ok(ended instanceof Killed, `killed at ${count}`);
      }
    });
  }

  it("asks for no finished item again when rounds run side by side", async () => {
    const flow = askingFlow("iteration", 6, true);
    for (let count = 3; count <= 12; count += 1) {
      const { first, second, result } = await killAndResume(flow, count);
      assert.deepEqual(result.outputs["out"], ["item 0", "item 1", "item 2", "item 3", "item 4", "item 5"]);
      // At most the two that were under way are asked for again.
      assert.ok(first.prompts.length + second.prompts.length <= 7 + 2, `killed at ${count}`);
    }
  });

  it("shows resumed nodes as such, with what they gave and took", async () => {
    const { second } = await killAndResume(askingFlow("iteration", 2), 3);
    const finished = second.events.flatMap((event) => (event.event === "node_finished" ? [event] : []));
    const asks = finished.filter(({ node }) => node.nodeId === "ask");
    assert.deepEqual(
      asks.map(({ resumed, usage }) => [resumed ?? false, usage.totalTokens]),
      [
        [true, 10],
        [false, 10],
      ],
    );
    assert.equal(second.events.at(-1)?.event, "workflow_finished");
  });

  it("does not try a caught failure or a failed round again", async () => {
    for (const name of ["fail-branch", "iteration-continues", "retry-then-fail-branch", "retry-succeeds"]) {
      const flow = conformanceFlow(name);
      const expected = await start(flow, createMemoryJournal(), tell());
      const journal = createMemoryJournal();
      await start(flow, journal, tell());
      const again = createScriptedPorts();
      const result = await runFlow(flow, {
        inputs: {},
        ports: again.ports,
        journal,
        signal: new AbortController().signal,
        onEvent: () => undefined,
        clock: systemClock,
      });
      assert.deepEqual(result, expected, name);
      assert.equal(again.calls.code.length, 0, name);
    }
  });

  it("takes nothing from a journal that another text of the flow has left", async () => {
    const journal = createMemoryJournal();
    await start(askingFlow("iteration", 2), journal, tell());
    const told = tell();
    await start(askingFlow("iteration", 3), journal, told);
    assert.equal(told.prompts.length, 4);
  });

  it("keeps its id and its time", async () => {
    const journal = createMemoryJournal();
    const flow = conformanceFlow("system-variables");
    const run = async (runId: string) =>
      await runFlow(flow, {
        inputs: {},
        ports: createScriptedPorts().ports,
        journal,
        signal: new AbortController().signal,
        onEvent: () => undefined,
        clock: systemClock,
        runId,
      });
    await run("first");
    const { outputs } = await run("second");
    assert.match(JSON.stringify(outputs), / first /);
  });
});
