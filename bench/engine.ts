import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { createMemoryJournal, type Journal, scopeJournal } from "../src/base/journal.ts";
import type { Json } from "../src/base/json.ts";
import { NO_USAGE } from "../src/flow/flow-event.ts";
import { parseFlow } from "../src/flow/parse/parse-flow.ts";
import { openStore } from "../src/store/open-store.ts";
import { queueRun } from "../test/store/store-requests.ts";
import { chainFlow, iterationFlow, wideFlow } from "./engine-flows.ts";
import { median, processorTimeOf, runByHand, runOnce, timeOf } from "./engine-run.ts";

/**
 * What the engine itself costs: flows of pure nodes, without a model, code or request. Everything stands
 * beside a baseline of the same run, so that the ratios hold on other machines too.
 */

const SIZE = 100;

const say = (what: string, figure: string, than = ""): void =>
  console.log(`${what.padEnd(44)} ${figure.padEnd(34)} ${than}`.trimEnd());

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const times = (value: number, base: number): string => `${(value / base).toFixed(1)}x`;
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const child = (options: readonly string[], mode: string): string =>
  execFileSync(
    process.execPath,
    [...options, fileURLToPath(new URL("engine-child.ts", import.meta.url)), mode],
    { encoding: "utf8" },
  );

const perNode = (total: number, nodes: number): string =>
  `${ms(total)}, ${((total * 1_000) / nodes).toFixed(0)} µs a node`;

const benchInMemory = async (): Promise<void> => {
  const byHand = await processorTimeOf(() => runByHand(SIZE), 200, 50);
  say("100 async calls with the same data, by hand", perNode(byHand, SIZE));
  const cases = [
    { name: "chain of 100 nodes", text: chainFlow(SIZE), nodes: SIZE },
    { name: "98 nodes side by side", text: wideFlow(SIZE), nodes: SIZE },
    { name: "iteration, 100 rounds of 2 nodes", text: iterationFlow(false), nodes: 203 },
    { name: "the same, 10 rounds side by side", text: iterationFlow(true), nodes: 203 },
    { name: "chain of 400 nodes", text: chainFlow(4 * SIZE), nodes: 4 * SIZE },
  ];
  for (const { name, text, nodes } of cases) {
    const flow = parseFlow(text);
    const took = await processorTimeOf(() => runOnce(flow, createMemoryJournal()), 40, 10);
    say(name, perNode(took, nodes), `${times(took / nodes, byHand / SIZE)} the calls by hand`);
  }
  const text = chainFlow(SIZE);
  const parsing = await processorTimeOf(async () => parseFlow(text), 20);
  const asJson = await processorTimeOf(async () => void JSON.parse(text), 200, 50);
  say("reading the file of 100 nodes", ms(parsing), `${times(parsing, asJson)} JSON.parse of the same text`);
};

const Cold = z.object({ importMs: z.number(), parseMs: z.number(), runMs: z.number() });

const benchColdStart = (): void => {
  const spawn = (work: () => void): number => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  };
  const rounds = Array.from({ length: 5 }, () => ({
    bare: spawn(() => execFileSync(process.execPath, ["-e", ""])),
    cold: spawn(() => child([], "cold")),
  }));
  const bare = median(rounds.map((round) => round.bare));
  const cold = median(rounds.map((round) => round.cold));
  const { importMs, parseMs, runMs } = Cold.parse(JSON.parse(child([], "cold")));
  say("fresh process that does nothing", ms(bare));
  say(
    "fresh process, first run of the chain ended",
    ms(cold),
    `${times(cold, bare)} the process that does nothing`,
  );
  say("  of it: import, reading, first run", `${ms(importMs)}, ${ms(parseMs)}, ${ms(runMs)}`);
};

const Held = z.object({ heapUsed: z.number(), rss: z.number() });
const Memory = z.object({ loaded: Held, after100: Held, after500: Held });

const benchMemory = (): void => {
  const bare = Held.parse(JSON.parse(child(["--expose-gc"], "bare")));
  const memory = Memory.parse(JSON.parse(child(["--expose-gc"], "memory")));
  const show = ({ heapUsed, rss }: z.infer<typeof Held>): string =>
    `heap ${mib(heapUsed)}, process ${mib(rss)}`;
  say("memory of a process without the engine", show(bare));
  for (const [name, held] of Object.entries(memory)) {
    const label = name === "loaded" ? "engine and chain loaded" : `after ${name.slice("after".length)} runs`;
    say(`  ${label}`, show(held), `process ${times(held.rss, bare.rss)}`);
  }
};

/** A run's journal in a real store, as production has it. */
const withStoreJournal = async (work: (journal: Journal) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-bench-"));
  try {
    await using store = await openStore({ database: { dataDir: folder } });
    const ended = Promise.withResolvers<void>();
    await queueRun(store, { iid: 1 });
    const worker = await store.work({
      concurrency: 1,
      perProject: 1,
      handle: async ({ journal }) => {
        await work(journal).then(ended.resolve, ended.reject);
        return { state: "succeeded", reason: null, result: null, usage: NO_USAGE };
      },
    });
    await ended.promise;
    await worker.stop(1_000);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** What a run of a flow leaves in its journal. */
const entriesOf = async (text: string): Promise<ReadonlyMap<string, Json>> => {
  const journal = createMemoryJournal();
  await runOnce(parseFlow(text), journal);
  return journal.entries("");
};

const benchStore = (): Promise<void> =>
  withStoreJournal(async (journal) => {
    let round = 0;
    const fresh = (): Journal => scopeJournal(journal, `round${(round += 1)}:`);
    const entries = await entriesOf(chainFlow(SIZE));
    const writes = await timeOf(
      async () => {
        const bare = fresh();
        for (const [key, value] of entries) await bare.write(key, value);
      },
      3,
      1,
    );
    say("the chain's entries, written bare", perNode(writes, entries.size));
    const cases = [
      { name: "chain of 100 nodes, each journaled", text: chainFlow(SIZE), nodes: SIZE },
      { name: "98 nodes side by side, each journaled", text: wideFlow(SIZE), nodes: SIZE },
      { name: "iteration, 100 rounds of 2 nodes, journaled", text: iterationFlow(true), nodes: 203 },
    ];
    for (const { name, text, nodes } of cases) {
      const flow = parseFlow(text);
      const took = await timeOf(() => runOnce(flow, fresh()), 3, 1);
      say(name, perNode(took, nodes), `${times(took / nodes, writes / SIZE)} the bare writes`);
    }
    const flow = parseFlow(chainFlow(SIZE));
    const done = fresh();
    await runOnce(flow, done);
    const resumed = await timeOf(() => runOnce(flow, done), 5, 1);
    say("chain taken up from a full journal", perNode(resumed, SIZE));
  });

console.log(
  `${cpus()[0]?.model ?? "?"}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; medians; in memory in processor time, else by the clock\n`,
);
await benchInMemory();
console.log();
benchColdStart();
console.log();
benchMemory();
console.log();
await benchStore();
