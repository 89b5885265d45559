import { Secret } from "../../src/base/secret.ts";
import { openStore } from "../../src/store/open-store.ts";
import { queueRun, untilAborted } from "./store-requests.ts";

/** A process that opens the store of its first argument, takes a run and never finishes it. */
const [where = ""] = process.argv.slice(2);
const database = where.startsWith("postgres:") ? { databaseUrl: new Secret(where) } : { dataDir: where };
const store = await openStore({ database, pollMs: 50 });
await queueRun(store, { iid: 77 });
await store.work({
  concurrency: 1,
  perProject: 1,
  handle: async ({ journal, signal }) => {
    await journal.write("step", "finished before the kill");
    process.stdout.write("working\n");
    return untilAborted(signal);
  },
});
