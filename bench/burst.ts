import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { availableParallelism, setPriority, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { startFlask } from "./start-flask.ts";
import { startServerProcess } from "../test/e2e/server-process.ts";

/**
 * A burst of 500 events over 50 merge requests, all sent at once to `reviewflow serve` with the embedded
 * store and real fsync, beside the same burst to a node:http server that stores nothing and, where Python
 * has Flask, to the tutorial's server. Prints the times of the answers and how many reviews came of
 * it. What starts and memory take stands in store.ts.
 */

const MERGE_REQUESTS = 50;
const EVENTS = 500;
const SECRET = "bench-webhook-secret";

const Peers = z.object({
  gitlabUrl: z.string(),
  difyUrl: z.string(),
  token: z.string(),
  projectId: z.number(),
  projectPath: z.string(),
});
type Peers = z.infer<typeof Peers>;
const Notes = z.object({ notes: z.array(z.number()) });

type Burst = { readonly times: readonly number[]; readonly tookMs: number };

const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

const post = async (url: string, body: string): Promise<number> => {
  const startedAt = performance.now();
  const headers = {
    "content-type": "application/json",
    "x-gitlab-event": "Merge Request Hook",
    "x-gitlab-token": SECRET,
    "idempotency-key": randomUUID(),
  };
  const response = await fetch(url, { method: "POST", headers, body });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return performance.now() - startedAt;
};

const burst = async (url: string, bodies: readonly string[]): Promise<Burst> => {
  const startedAt = performance.now();
  const times = await Promise.all(bodies.map((body) => post(url, body)));
  return { times: times.sort((a, b) => a - b), tookMs: performance.now() - startedAt };
};

const show = (name: string, { times, tookMs }: Burst): string =>
  `${name.padEnd(34)} p50 ${percentile(times, 0.5).toFixed(0)} ms, p99 ${percentile(times, 0.99).toFixed(0)} ms, max ${(times.at(-1) ?? 0).toFixed(0)} ms, ${((times.length / tookMs) * 1_000).toFixed(0)} answers/s`;

/** The events: each merge request is opened, then updated with commits again and again. */
const createBodies = (peers: Peers, firstIid: number): readonly string[] =>
  Array.from({ length: EVENTS }, (_, index) => {
    const iid = firstIid + (index % MERGE_REQUESTS);
    const webUrl = `${peers.gitlabUrl}/${peers.projectPath}`;
    return JSON.stringify({
      object_kind: "merge_request",
      user: { id: 1, username: "trainee" },
      project: { id: peers.projectId, path_with_namespace: peers.projectPath, web_url: webUrl },
      object_attributes: {
        iid,
        action: index < MERGE_REQUESTS ? "open" : "update",
        state: "opened",
        title: `Topic ${iid}`,
        description: "x".repeat(2_000),
        url: `${webUrl}/-/merge_requests/${iid}`,
        author_id: 1,
        source_branch: `topic${iid}`,
        target_branch: "main",
        last_commit: { id: "1".repeat(40) },
        ...(index < MERGE_REQUESTS ? {} : { oldrev: "0".repeat(40) }),
      },
    });
  });

const messageOf = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.once("message", resolve));

const startPeers = async (): Promise<{ readonly child: ChildProcess; readonly peers: Peers }> => {
  const child = fork(fileURLToPath(new URL("burst-peers.ts", import.meta.url)));
  // They stand for other machines: what they need of this one's processors is not ours.
  if (child.pid !== undefined) setPriority(child.pid, 10);
  return { child, peers: Peers.parse(await messageOf(child)) };
};

const notesOf = async (child: ChildProcess): Promise<readonly number[]> => {
  child.send("notes");
  return Notes.parse(await messageOf(child)).notes;
};

const waitForNotes = async (child: ChildProcess): Promise<readonly number[]> => {
  for (;;) {
    const notes = await notesOf(child);
    if (notes.every((count) => count > 0)) return notes;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};

const { child, peers } = await startPeers();
const folder = await mkdtemp(join(tmpdir(), "reviewflow-bench-"));
const bare = createServer((request, response) => {
  request.resume().on("end", () => response.end("{}"));
}).listen(0, "127.0.0.1");
await once(bare, "listening");
const address = bare.address();
const bareUrl = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
const flask = await startFlask(peers.difyUrl, peers.gitlabUrl);
const server = await startServerProcess({
  GITLAB_URL: peers.gitlabUrl,
  GITLAB_TOKEN: peers.token,
  WEBHOOK_SECRET: SECRET,
  DIFY_URL: peers.difyUrl,
  DIFY_API_KEY: "app-note",
  REVIEWFLOW_CONTRACT: "note",
  REVIEWFLOW_DATA_DIR: folder,
  REVIEWFLOW_PORT: "0",
});
try {
  const hook = `${server.url}/webhooks/gitlab`;
  const unwanted = createBodies(peers, 1).map((body) => body.replace('"state":"opened"', '"state":"locked"'));
  await burst(bareUrl, unwanted);
  await burst(hook, unwanted);
  await burst(hook, unwanted);
  const bodies = createBodies(peers, 1);
  const nothing = await burst(bareUrl, bodies);
  if (flask !== null) await burst(flask.url, unwanted);
  const tutorial = flask === null ? null : await burst(flask.url, bodies);
  const stored = await burst(hook, bodies);
  const storedAt = performance.now();
  const notes = await waitForNotes(child);
  const seconds = ((performance.now() - storedAt) / 1_000).toFixed(0);
  console.log(
    `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}; ${EVENTS} events over ${MERGE_REQUESTS} merge requests, all at once`,
  );
  console.log(show("node:http, nothing stored", nothing));
  console.log(
    tutorial === null
      ? "the tutorial's server                (Python with Flask is not here)"
      : show("the tutorial's server, Flask", tutorial),
  );
  console.log(show("Reviewflow, embedded with fsync", stored));
  console.log(
    `throughput                         ${(nothing.tookMs / stored.tookMs).toFixed(2)} of the server that stores nothing`,
  );
  console.log(
    `reviews                            ${notes.length}, ${Math.min(...notes)} to ${Math.max(...notes)} notes each, after ${seconds} s`,
  );
  if (tutorial !== null)
    console.log(
      `                                   ${(tutorial.tookMs / stored.tookMs).toFixed(2)} of the tutorial's server`,
    );
  console.log(`every answer under a second        ${(stored.times.at(-1) ?? 0) < 1_000 ? "yes" : "no"}`);
} finally {
  await flask?.[Symbol.asyncDispose]();
  await server.stop();
  child.disconnect();
  bare.close();
  await rm(folder, { recursive: true, force: true });
}
