/** Runs a flow of a configuration in this process and prints the modules that were loaded for it, as JSON. */
import { registerHooks } from "node:module";

const loaded: string[] = [];
registerHooks({
  load: (url, context, next) => {
    loaded.push(url);
    return next(url, context);
  },
});
const [config = ""] = process.argv.slice(2);
const { createMemoryJournal } = await import("../../src/base/journal.ts");
const { silentLogger } = await import("../../src/base/logger.ts");
const { systemClock } = await import("../../src/base/clock.ts");
const { readLocalConfig } = await import("../../src/cli/read-config.ts");
const { openRunners } = await import("../../src/wiring/open-runners.ts");

const settings = readLocalConfig({}, config);
await using runners = await openRunners(settings, { clock: systemClock, logger: silentLogger });
const [flow] = settings.flows;
if (flow === undefined) throw new Error("no flow is set up");
const { outputs } = await runners.of(flow.runner).runner.run({
  runId: "run",
  inputs: {},
  journal: createMemoryJournal(),
  signal: new AbortController().signal,
  onEvent: () => undefined,
});
process.stdout.write(JSON.stringify({ outputs, loaded }));
