import { setTimeout as delay } from "node:timers/promises";
import { Secret } from "../../src/base/secret.ts";
import { openStore } from "../../src/store/open-store.ts";
import { request, succeeded } from "./store-requests.ts";

/**
 * A process that accepts and works at full speed until it is killed. What it prints has happened for
 * good: an acknowledged delivery, a journal entry, the beginning and the end of an attempt.
 */
const [where = "", life = ""] = process.argv.slice(2);
const database = where.startsWith("postgres:") ? { databaseUrl: new Secret(where) } : { dataDir: where };
const say = (...words: readonly (string | number)[]): void =>
  void process.stdout.write(`${words.join(" ")}\n`);

const store = await openStore({ database, pollMs: 50, retry: { maxAttempts: 1_000, baseMs: 5, maxMs: 20 } });
say("open");
await store.work({
  concurrency: 4,
  perProject: 4,
  handle: async ({ run, journal }) => {
    for (const step of ["1", "2"]) {
      if ((await journal.read(step)) !== undefined) continue;
      await journal.write(step, `${life}-${run.attempts}`);
      say("step", run.id, step, `${life}-${run.attempts}`);
    }
    await delay(Math.random() * 10);
    if (Math.random() < 0.2) throw new Error("by chance");
    say("end", run.id);
    return succeeded;
  },
});
const accept = async (lane: number): Promise<void> => {
  for (let n = 0; ; n += 1) {
    const key = `${life}-${lane}-${n}`;
    await store.accept(request({ key, iid: (n + lane) % 10, head: key }));
    say("accepted", key);
    await delay(5);
  }
};
await Promise.all([0, 1, 2, 3].map(accept));
