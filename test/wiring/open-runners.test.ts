import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { stringify } from "yaml";
import { createMemoryJournal } from "../../src/base/journal.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { readConfig } from "../../src/cli/read-config.ts";
import { openRunners } from "../../src/wiring/open-runners.ts";
import { createStoppedClock, watchChildren } from "../sandbox/started-children.ts";

const NODES = {
  start: { type: "start", variables: [] },
  render: { type: "template-transform", template: "{{ 3 + 4 }}", variables: [] },
  end: { type: "end", outputs: [{ variable: "text", value_selector: ["render", "output"] }] },
};
const EDGES = [
  ["start", "render"],
  ["render", "end"],
];

it("flows start what they need when one runs, all of it ends without work, and the next run works", async () => {
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-runners-"));
  const file = join(folder, "flow.yml");
  const graph = {
    nodes: Object.entries(NODES).map(([id, data]) => ({ id, type: "custom", data: { title: id, ...data } })),
    edges: EDGES.map(([source, target]) => ({ id: source, source, target, sourceHandle: "source" })),
  };
  await writeFile(
    file,
    stringify({
      version: "0.3.0",
      kind: "app",
      app: { name: "seven", mode: "workflow" },
      workflow: { graph },
    }),
  );
  const configFile = join(folder, "reviewflow.yml");
  await writeFile(configFile, stringify({ flows: [{ name: "seven", contract: "note", file }] }));
  const environment = {
    GITLAB_URL: "http://127.0.0.1:9",
    GITLAB_TOKEN: "glpat-0123456789abcdefghij",
    WEBHOOK_SECRET: "s".repeat(32),
    REVIEWFLOW_DATA_DIR: join(folder, "store"),
  };
  const clock = createStoppedClock();
  using started = watchChildren();
  try {
    const config = readConfig(environment, configFile);
    await using runners = await openRunners(config, { clock, logger: silentLogger });
    const [flow] = config.flows;
    assert.ok(flow !== undefined);
    const { runner } = runners.of(flow.runner);
    const run = async (runId: string): Promise<unknown> => {
      const outcome = await runner.run({
        runId,
        inputs: {},
        journal: createMemoryJournal(),
        signal: new AbortController().signal,
        onEvent: () => undefined,
      });
      return outcome.outputs;
    };
    assert.deepEqual([started.threads.length, started.processes.length], [0, 0]);
    assert.deepEqual(await run("first"), { text: "7" });
    assert.deepEqual([started.threads.length, started.processes.length], [1, 0]);
    await clock.pass();
    await started.threads[0];
    assert.deepEqual(await run("second"), { text: "7" });
    await runners[Symbol.asyncDispose]();
    assert.equal(started.alive(), 0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
