import { systemClock } from "../src/base/clock.ts";
import type { Journal } from "../src/base/journal.ts";
import { type FlowRunResult, runFlow } from "../src/flow/engine/run-flow.ts";
import type { Flow } from "../src/flow/flow.ts";
import type { FlowPorts } from "../src/flow/node.ts";
import { LIST } from "./engine-flows.ts";

const unused = async (): Promise<never> => {
  throw new Error("these flows call nothing outside");
};

const ports: FlowPorts = {
  code: { run: unused },
  template: { render: unused },
  model: { generate: unused },
  http: { send: unused },
  knowledge: { search: unused },
  tools: { invoke: unused, describe: unused },
  documents: { read: unused },
};

/** Runs a flow of the bench; throws unless it succeeds. */
export const runOnce = async (flow: Flow, journal: Journal): Promise<FlowRunResult> => {
  const result = await runFlow(flow, {
    inputs: { text: "some text" },
    ports,
    journal,
    signal: new AbortController().signal,
    onEvent: () => undefined,
    clock: systemClock,
  });
  if (result.status !== "succeeded")
    throw new Error(`${flow.name}: ${result.status} ${JSON.stringify(result.error)}`);
  return result;
};

/**
 * What the chain does, written by hand: as many async functions, one after another, each of which takes
 * its part of the same data and leaves its outputs as JSON, as any log or journal of steps needs them.
 */
export const runByHand = async (size: number): Promise<number> => {
  let count = 0;
  let logged = 0;
  const text = "some text";
  const list = [...LIST];
  const steps = [
    async () => ({ result: text.includes("e"), selected_case_id: "true" }),
    async () => ({ output: text }),
    async () => ({ count: (count += 1) }),
    async () => {
      const result = list
        .filter((item) => item.includes("7"))
        .toSorted()
        .toReversed()
        .slice(0, 5);
      return { result, first_record: result[0], last_record: result.at(-1) };
    },
  ];
  for (let index = 0; index < size; index += 1) {
    const outputs = await steps[index % steps.length]?.();
    logged += JSON.stringify(outputs).length;
  }
  return logged;
};

/** The middle of several measurements. */
export const median = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;

/**
 * The median time of the processor that `work` takes, in milliseconds, after a few rounds to warm up.
 * For work that waits for nothing: other processes of the machine do not show in it.
 */
export const processorTimeOf = async (
  work: () => Promise<unknown>,
  rounds: number,
  warmUp = 5,
): Promise<number> => {
  const times: number[] = [];
  for (let round = -warmUp; round < rounds; round += 1) {
    const startedAt = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(startedAt);
    if (round >= 0) times.push((user + system) / 1_000);
  }
  return median(times);
};

/** The median time of `work` in milliseconds by the clock, after a few rounds to warm up. */
export const timeOf = async (work: () => Promise<unknown>, rounds: number, warmUp = 5): Promise<number> => {
  const times: number[] = [];
  for (let round = -warmUp; round < rounds; round += 1) {
    const startedAt = performance.now();
    await work();
    if (round >= 0) times.push(performance.now() - startedAt);
  }
  return median(times);
};
