import { systemClock } from "../../../src/base/clock.ts";
import { FlowError, ReviewflowError } from "../../../src/base/errors.ts";
import { createMemoryJournal } from "../../../src/base/journal.ts";
import type { Json, JsonObject } from "../../../src/base/json.ts";
import { Secret } from "../../../src/base/secret.ts";
import { neededSecrets } from "../../../src/flow/engine/initial-pool.ts";
import { runFlow } from "../../../src/flow/engine/run-flow.ts";
import type { Flow } from "../../../src/flow/flow.ts";
import type { FlowPorts } from "../../../src/flow/node.ts";
import { NodeError } from "../../../src/flow/node-error.ts";

/** What a run did that no file may make it do: errors that nobody meant to throw. */
export type Defects = readonly string[];

const isMeant = (error: unknown): boolean =>
  error instanceof NodeError ||
  error instanceof ReviewflowError ||
  (error instanceof Error && error.name === "RunStopped");

const tell = (where: string, error: unknown): string =>
  `${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;

/** The flow with every node watched: the engine makes a failure of whatever a node throws. */
const watch = (flow: Flow, defects: string[]): Flow => ({
  ...flow,
  nodes: new Map(
    [...flow.nodes].map(([id, node]) => [
      id,
      {
        ...node,
        execute: async (context) => {
          try {
            return await node.execute(context);
          } catch (error) {
            if (!isMeant(error)) defects.push(tell(`${node.kind} ${id}`, error));
            throw error;
          }
        },
      },
    ]),
  ),
});

/** Sleeps are short, save those that wait for a limit. */
const hastyClock = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms > 600_000 ? ms : Math.min(ms, 1), signal),
};

const LONGEST_MS = 10_000;

/** Runs a flow with made-up ports and tells every error that is a defect of ours, and every hang. */
export const runWatched = async (flow: Flow, inputs: JsonObject, ports: FlowPorts): Promise<Defects> => {
  const defects: string[] = [];
  const timeout = AbortSignal.timeout(LONGEST_MS);
  try {
    await runFlow(watch(flow, defects), {
      inputs,
      ports,
      journal: createMemoryJournal(),
      signal: timeout,
      onEvent: () => undefined,
      clock: hastyClock,
      secrets: new Map(neededSecrets(flow).map((name) => [name, new Secret(`secret of ${name}`)])),
      runId: "run-1",
      userId: "tester",
    });
  } catch (error) {
    if (!(error instanceof FlowError)) defects.push(tell(timeout.aborted ? "hangs" : "the run", error));
  }
  return defects;
};

/** Inputs that a flow's form takes, made up by type. */
export const madeUpInputs = (flow: Flow): JsonObject => {
  const file = { transfer_method: "remote_url", url: "https://files.example/a.txt", type: "document" };
  const byType: Readonly<Record<string, Json>> = {
    number: 3,
    checkbox: true,
    file,
    "file-list": [file, file],
    json_object: { a: 1, list: [1, "b"] },
  };
  return Object.fromEntries(
    flow.inputs.map(({ variable, type, options, max_length: longest }) => {
      const text =
        type === "select"
          ? (options[0] ?? "")
          : "text".slice(0, longest !== null && longest > 0 ? longest : 4);
      return [variable, byType[type] ?? text];
    }),
  );
};
