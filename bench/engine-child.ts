/**
 * A process of its own for what only a fresh process shows: `cold` runs one flow once and says how long
 * its parts took; `memory` says what heap and process hold after runs (needs --expose-gc); `bare` says
 * the same without the engine.
 */

const [mode] = process.argv.slice(2);

const held = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapUsed, rss };
};

const load = async () => {
  const startedAt = performance.now();
  const { chainFlow } = await import("./engine-flows.ts");
  const { runOnce } = await import("./engine-run.ts");
  const { createMemoryJournal } = await import("../src/base/journal.ts");
  const { parseFlow } = await import("../src/flow/parse/parse-flow.ts");
  return { chainFlow, runOnce, createMemoryJournal, parseFlow, importMs: performance.now() - startedAt };
};

if (mode === "bare") {
  console.log(JSON.stringify(held()));
} else if (mode === "cold") {
  const { importMs, chainFlow, parseFlow, runOnce, createMemoryJournal } = await load();
  const text = chainFlow(100);
  const parsedFrom = performance.now();
  const flow = parseFlow(text);
  const parseMs = performance.now() - parsedFrom;
  const ranFrom = performance.now();
  await runOnce(flow, createMemoryJournal());
  console.log(JSON.stringify({ importMs, parseMs, runMs: performance.now() - ranFrom }));
} else {
  const { chainFlow, parseFlow, runOnce, createMemoryJournal } = await load();
  const flow = parseFlow(chainFlow(100));
  const loaded = held();
  for (let run = 0; run < 100; run += 1) await runOnce(flow, createMemoryJournal());
  const after100 = held();
  for (let run = 0; run < 400; run += 1) await runOnce(flow, createMemoryJournal());
  console.log(JSON.stringify({ loaded, after100, after500: held() }));
}
