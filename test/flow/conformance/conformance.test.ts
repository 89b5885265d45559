import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { systemClock } from "../../../src/base/clock.ts";
import { FlowError } from "../../../src/base/errors.ts";
import { createMemoryJournal } from "../../../src/base/journal.ts";
import { Secret } from "../../../src/base/secret.ts";
import { runFlow } from "../../../src/flow/engine/run-flow.ts";
import type { Flow, FlowProblem } from "../../../src/flow/flow.ts";
import type { FlowEvent } from "../../../src/flow/flow-event.ts";
import { type FlowReading, readFlow } from "../../../src/flow/parse/parse-flow.ts";
import { createScriptedPorts } from "../scripted-ports.ts";
import { type ConformanceCase, ConformanceSidecar, withTexts } from "./case-schema.ts";
import { showEvent } from "./show-event.ts";
import { plainWords } from "../../../src/flow/messages/message.ts";

const folder = new URL("flows/", import.meta.url);
const names = readdirSync(folder)
  .filter((name) => name.endsWith(".yml") && !name.endsWith(".expected.yml"))
  .map((name) => name.slice(0, -".yml".length))
  .sort();

const readText = (name: string): string => readFileSync(new URL(name, folder), "utf8");

/** The lines that are missing from `seen` when it is gone through in order; of `one | other` either will do. */
const missingInOrder = (wanted: readonly string[], seen: readonly string[]): readonly string[] => {
  let from = 0;
  return wanted.filter((line) => {
    const either = line.split(" | ");
    const index = seen.findIndex((each, at) => at >= from && either.includes(each));
    if (index !== -1) from = index + 1;
    return index === -1;
  });
};

const start = async (flow: Flow, one: ConformanceCase, events: FlowEvent[]) =>
  await runFlow(flow, {
    inputs: one.inputs,
    ...(one.query === undefined ? {} : { query: one.query }),
    ports: createScriptedPorts(one.ports).ports,
    journal: createMemoryJournal(),
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
    clock: { ...systemClock, sleep: async (ms, signal) => systemClock.sleep(Math.min(ms, 20_000), signal) },
    limits: one.limits,
    secrets: new Map(Object.entries(one.secrets).map(([name, value]) => [name, new Secret(value)])),
    runId: "run-1",
    userId: "tester",
  });

const checkEvents = (one: ConformanceCase, events: readonly FlowEvent[]): void => {
  const lines = events.map(showEvent);
  assert.deepEqual(missingInOrder(one.events, lines), [], `events in order; seen:\n${lines.join("\n")}`);
  for (const id of one.not_run) {
    assert.ok(
      !lines.some((line) => line.startsWith(`${id} `) || line.startsWith(`${id}@`)),
      `${id} must not run`,
    );
  }
  const text = events.map((event) => (event.event === "text_chunk" ? event.text : "")).join("");
  if (one.text !== undefined) assert.equal(text, one.text);
  for (const [id, outputs] of Object.entries(one.node_outputs)) {
    const finished = events.find((event) => event.event === "node_finished" && event.node.nodeId === id);
    assert.deepEqual(
      finished?.event === "node_finished" ? finished.outputs : undefined,
      withTexts(outputs),
      id,
    );
  }
};

const runCase = async (flow: Flow, one: ConformanceCase): Promise<void> => {
  const events: FlowEvent[] = [];
  if (one.status === "refused") {
    await assert.rejects(start(flow, one, events), (error) => {
      assert.ok(error instanceof FlowError);
      assert.deepEqual(error.what, one.error);
      return true;
    });
    return;
  }
  const result = await start(flow, one, events);
  assert.equal(result.status, one.status, JSON.stringify(result.error));
  if (one.error !== undefined || result.status === "succeeded")
    assert.deepEqual(result.error === null ? null : plainWords(result.error), one.error ?? null);
  if (one.outputs !== undefined) assert.deepEqual(result.outputs, withTexts(one.outputs));
  if (one.tokens !== undefined) assert.equal(result.usage.totalTokens, one.tokens);
  const finished = events.at(-1);
  assert.equal(finished?.event, "workflow_finished");
  if (one.steps !== undefined) {
    assert.equal(finished?.event === "workflow_finished" ? finished.totalSteps : null, one.steps);
  }
  checkEvents(one, events);
};

const stated = (problems: readonly FlowProblem[]) =>
  problems.map(({ nodeId, field, message }) => ({ node: nodeId, field, message }));

const checkReading = (reading: FlowReading, sidecar: ConformanceSidecar): void => {
  assert.deepEqual(stated(reading.ok ? [] : reading.problems), sidecar.problems);
  assert.deepEqual(stated(reading.ok ? reading.flow.warnings : reading.warnings), sidecar.warnings);
};

for (const name of names) {
  const sidecar = ConformanceSidecar.parse(parse(readText(`${name}.expected.yml`)));
  const reading = readFlow(readText(`${name}.yml`));
  describe(name, () => {
    it("is read as expected", () => {
      checkReading(reading, sidecar);
    });
    for (const one of sidecar.cases) {
      it(one.name, async () => {
        assert.ok(reading.ok);
        await runCase(reading.flow, one);
      });
    }
  });
}

describe("the conformance suite", () => {
  it("has at least 60 workflow files, each with a case or a refusal", () => {
    assert.ok(names.length >= 60, `${names.length} files`);
  });
});
