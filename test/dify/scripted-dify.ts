import { existsSync, readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { once } from "node:events";
import { z } from "zod";
import { createMemoryJournal, type Journal } from "../../src/base/journal.ts";
import { Secret } from "../../src/base/secret.ts";
import { createDifyRunner, type DifyRunnerOptions } from "../../src/dify/dify-runner.ts";
import type { FlowEvent } from "../../src/flow/flow-event.ts";

/** An answer to a run: frames of a stream, whatever is written as one, or a status with a body. */
export type ScriptedAnswer =
  | { readonly frames: readonly object[] }
  | { readonly stream: (response: ServerResponse) => void }
  | { readonly status: number; readonly body: object };

const Asked = z.object({ user: z.string() });
const Recorded = z.record(z.string(), z.unknown());

const RUN = "11111111-1111-4111-8111-111111111111";

/** A frame of a run, as 1.14 sends it. */
export const frame = (event: string, data: object): object => ({
  event,
  workflow_run_id: RUN,
  task_id: "22222222-2222-4222-8222-222222222222",
  data,
});

/** `/info` of an app; null for a Dify that has no such page. */
const infoOf = (mode: string | null = "workflow"): [status: number, body: object] =>
  mode === null
    ? [404, { code: "not_found", message: "not found", status: 404 }]
    : [200, { name: "scripted", description: "", tags: [], mode, author_name: "op" }];

/** The frame that begins a run. */
export const started = frame("workflow_started", { id: RUN, inputs: {}, created_at: 1, reason: "initial" });

/** A node's end. */
export const nodeFinished = (data: object): object =>
  frame("node_finished", { node_id: "n", node_type: "llm", title: "N", status: "succeeded", ...data });

/** A run's end. */
export const finished = (data: object): object =>
  frame("workflow_finished", { id: RUN, status: "succeeded", outputs: {}, error: null, ...data });

/**
 * A Dify that gives its scripted answers to runs, one after the other, the last one for ever; `detail` is its
 * answer about a run. It knows the users in whose name runs were asked for.
 */
export const startScriptedDify = async (
  answers: readonly ScriptedAnswer[],
  detail: object = {},
  app: { readonly mode?: string | null; readonly form?: readonly object[] } = {},
) => {
  const users: string[] = [];
  const server = createServer((request, response) => {
    const json = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json", "x-version": "1.14.2" });
      response.end(`${JSON.stringify(body)}\n`);
    };
    if (request.method === "GET") {
      const path = request.url ?? "";
      if (path === "/v1/parameters") json(200, { user_input_form: app.form ?? [] });
      else if (path === "/v1/info") json(...infoOf(app.mode));
      else if (path.startsWith("/v1/workflows/run/")) json(200, { id: RUN, ...detail });
      else if (path.startsWith("/v1/workflows/logs")) json(200, { data: [] });
      else json(404, { code: "not_found", message: "not found", status: 404 });
      return;
    }
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const { user } = Asked.parse(JSON.parse(text));
      const answer = answers[Math.min(users.length, answers.length - 1)];
      users.push(user);
      if (answer === undefined || "status" in answer) {
        json(answer?.status ?? 500, answer?.body ?? {});
        return;
      }
      response.writeHead(200, {
        "content-type": "text/event-stream; charset=utf-8",
        "x-version": "1.14.2",
      });
      if ("stream" in answer) {
        answer.stream(response);
        return;
      }
      response.write("event: ping\n\n");
      for (const one of answer.frames) response.write(`data: ${JSON.stringify(one)}\n\n`);
      response.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const events: FlowEvent[] = [];
  return {
    url: `http://127.0.0.1:${port}`,
    users,
    events,
    run: (options: Partial<DifyRunnerOptions> = {}, journal: Journal = createMemoryJournal()) =>
      createDifyRunner({
        baseUrl: `http://127.0.0.1:${port}`,
        apiKey: new Secret("app-scripted"),
        limits: { pollMs: 5, lookupMs: 20, lookupAtEndMs: 20, stopMs: 50, idleMs: 1_000 },
        ...options,
      }).run({
        runId: "run-1",
        inputs: {},
        journal,
        signal: new AbortController().signal,
        onEvent: (event) => void events.push(event),
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};

const CORPUS = new URL("../../../shared/corpus/dify-server/", import.meta.url);

/** Why tests with answers of a real server are left out; false where those are there, or have to be. */
export const withoutCorpus: string | false =
  process.env["CI"] === "true" || existsSync(CORPUS) ? false : "the transcripts are not beside the checkout";

/** The frames of a recorded stream. */
export const recordedFrames = (name: string): readonly object[] =>
  readFileSync(new URL(`${name}.http`, CORPUS), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => Recorded.parse(JSON.parse(line.slice("data: ".length))));

/** The body of a recorded answer. */
export const recordedBody = (name: string): object => {
  const text = readFileSync(new URL(`${name}.http`, CORPUS), "utf8");
  return Recorded.parse(JSON.parse(text.split(/\r?\n\r?\n/).at(-1) ?? ""));
};
