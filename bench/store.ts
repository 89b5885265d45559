import { type ChildProcess, fork, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, setPriority, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { z } from "zod";
import { startModelStandIn } from "../standins/model/model-stand-in.ts";

/**
 * The server of this checkout beside that of others, in one run and in turn: `node bench/store.ts [FOLDER ...]`, each
 * a checkout with its packages. How fast bursts of events are answered with real fsync, also right after a start; how
 * long starts take; how much memory the server takes with its children, as Linux counts it (VmRSS, shared pages
 * counted in each); and what deliveries take on the disk. Prints the median of the rounds, and ratios to the last.
 */

const ROUNDS = 3;
const EVENTS = 500;
const MERGE_REQUESTS = 50;
const FIRST = 50;
const SECRET = "bench-webhook-secret";
/** What a server does after its start by itself is done by then. */
const SETTLE_MS = 8_000;

const Peers = z.object({
  gitlabUrl: z.string(),
  difyUrl: z.string(),
  token: z.string(),
  projectId: z.number(),
  projectPath: z.string(),
});
type Peers = z.infer<typeof Peers>;
const Line = z.object({ msg: z.string(), url: z.string().optional() });

type Server = { readonly child: ChildProcess; readonly url: string; readonly startMs: number };

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The server of a checkout, on its own packages. */
const start = async (
  checkout: string,
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Server> => {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(checkout, "src/cli/reviewflow.ts"), "serve", ...args], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const text of createInterface({ input: child.stdout })) {
    const { msg, url } = Line.parse(JSON.parse(text));
    if (msg !== "Reviewflow listens" || url === undefined) continue;
    child.stdout.resume();
    return { child, url, startMs: performance.now() - startedAt };
  }
  throw new Error(`the server of ${checkout} ended`);
};

const stop = async ({ child }: Server): Promise<void> => {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
};

/** A process with all below it, in MiB. */
const memoryOf = (pid: number): number => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib ?? 0) / 1_024 + children.reduce((sum, each) => sum + memoryOf(Number(each)), 0);
};

const bytesOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

/** Merge requests that are opened, then pushed to again and again; `locked` ones are stored and not reviewed. */
const eventOf = (peers: Peers, index: number, state: "opened" | "locked"): string => {
  const iid = 1 + (index % MERGE_REQUESTS);
  const webUrl = `${peers.gitlabUrl}/${peers.projectPath}`;
  return JSON.stringify({
    object_kind: "merge_request",
    user: { id: 1, username: "trainee" },
    project: { id: peers.projectId, path_with_namespace: peers.projectPath, web_url: webUrl },
    object_attributes: {
      iid,
      action: index < MERGE_REQUESTS ? "open" : "update",
      state,
      title: `Topic ${iid}`,
      description: Array.from({ length: 250 }, () => randomUUID())
        .join(" ")
        .slice(0, 8_000),
      url: `${webUrl}/-/merge_requests/${iid}`,
      author_id: 1,
      source_branch: `topic${iid}`,
      target_branch: "main",
      last_commit: { id: "1".repeat(40) },
      ...(index < MERGE_REQUESTS ? {} : { oldrev: "0".repeat(40) }),
    },
  });
};

/** Sends all at once; how long until the last was answered, in milliseconds. */
const burst = async (url: string, bodies: readonly string[]): Promise<number> => {
  const startedAt = performance.now();
  await Promise.all(
    bodies.map(async (body) => {
      const response = await fetch(`${url}/webhooks/gitlab`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-gitlab-event": "Merge Request Hook",
          "x-gitlab-token": SECRET,
          "idempotency-key": randomUUID(),
        },
        body,
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`answered ${response.status}`);
    }),
  );
  return performance.now() - startedAt;
};

const FIGURES = [
  "first start, ms",
  "first 50 after a start, ms",
  "later 50, ms",
  "burst of 500, answers/s",
  "later start, ms",
  "idle on Dify, MiB",
  "after the bursts, MiB",
  "16 reviews at once on Dify, MiB",
  "idle with the engine, MiB",
  "a thousand deliveries, MB",
] as const;
type Figures = Record<(typeof FIGURES)[number], number>;

const measure = async (checkout: string, peers: Peers, modelUrl: string): Promise<Figures> => {
  const folder = await mkdtemp(join(tmpdir(), "reviewflow-bench-"));
  const data = join(folder, "store");
  const common = {
    GITLAB_URL: peers.gitlabUrl,
    GITLAB_TOKEN: peers.token,
    WEBHOOK_SECRET: SECRET,
    REVIEWFLOW_PORT: "0",
    NODE_COMPILE_CACHE: join(folder, "cache"),
  };
  const onDify = {
    ...common,
    REVIEWFLOW_DATA_DIR: data,
    DIFY_URL: peers.difyUrl,
    DIFY_API_KEY: "app-note",
    REVIEWFLOW_CONTRACT: "note",
  };
  const locked = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => eventOf(peers, index, "locked"));
  try {
    const first = await start(checkout, onDify);
    await pause(SETTLE_MS);
    await stop(first);
    const before = bytesOf(data);
    const server = await start(checkout, onDify);
    const pid = server.child.pid ?? 0;
    const firstMs = await burst(server.url, locked(FIRST));
    await burst(server.url, locked(EVENTS));
    const laterMs = await burst(server.url, locked(FIRST));
    const burstMs = await burst(server.url, locked(EVENTS));
    const afterBursts = memoryOf(pid);
    await stop(server);
    const stored = (bytesOf(data) - before) / (2 * (FIRST + EVENTS));
    const idle = await start(checkout, onDify);
    await pause(SETTLE_MS);
    const idleMemory = memoryOf(idle.child.pid ?? 0);
    await burst(
      idle.url,
      Array.from({ length: 16 }, (_, index) => eventOf(peers, index, "opened")),
    );
    let busiest = 0;
    for (let at = 0; at < 20; at += 1) {
      busiest = Math.max(busiest, memoryOf(idle.child.pid ?? 0));
      await pause(250);
    }
    await stop(idle);
    const file = join(folder, "reviewflow.yml");
    await writeFile(
      file,
      stringify({
        models: { main: { model: "stand-in", base_url: modelUrl } },
        flows: [{ name: "review", file: "builtin:review" }],
        reconcile: { enabled: false },
      }),
    );
    const engine = await start(checkout, { ...common, REVIEWFLOW_DATA_DIR: join(folder, "other") }, [
      "--config",
      file,
    ]);
    await pause(SETTLE_MS);
    const engineMemory = memoryOf(engine.child.pid ?? 0);
    await stop(engine);
    return {
      "first start, ms": first.startMs,
      "first 50 after a start, ms": firstMs,
      "later 50, ms": laterMs,
      "burst of 500, answers/s": (EVENTS / burstMs) * 1_000,
      "later start, ms": idle.startMs,
      "idle on Dify, MiB": idleMemory,
      "after the bursts, MiB": afterBursts,
      "16 reviews at once on Dify, MiB": busiest,
      "idle with the engine, MiB": engineMemory,
      "a thousand deliveries, MB": stored / 1_000,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const here = fileURLToPath(new URL("..", import.meta.url));
const checkouts = [here, ...process.argv.slice(2)];
const child = fork(fileURLToPath(new URL("burst-peers.ts", import.meta.url)));
// They stand for other machines: what they need of this one's processors is not ours.
if (child.pid !== undefined) setPriority(child.pid, 10);
const [message] = z
  .tuple([z.unknown()])
  .rest(z.unknown())
  .parse(await once(child, "message"));
const peers = Peers.parse(message);
await using model = await startModelStandIn();
const rounds = new Map<string, Figures[]>(checkouts.map((checkout) => [checkout, []]));
try {
  for (let round = 0; round < ROUNDS; round += 1)
    for (const checkout of checkouts) {
      const figures = await measure(checkout, peers, model.url);
      rounds.get(checkout)?.push(figures);
      console.error(checkout, JSON.stringify(figures));
    }
} finally {
  child.disconnect();
}
console.log(
  `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; medians of ${ROUNDS} rounds`,
);
for (const figure of FIGURES) {
  const values = checkouts.map((checkout) =>
    median((rounds.get(checkout) ?? []).map((each) => each[figure])),
  );
  const ratio = (values[0] ?? 0) / (values.at(-1) ?? 1);
  console.log(
    `${figure.padEnd(34)} ${values.map((value) => value.toFixed(value < 10 ? 1 : 0).padStart(8)).join(" ")}   ratio ${ratio.toFixed(2)}`,
  );
}
