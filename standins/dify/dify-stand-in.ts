import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createDatasets, type Datasets, type StandInDataset } from "./datasets.ts";
import { createFaultQueue, type Endpoint, type Fault } from "./fault.ts";
import { Refusal } from "./refusal.ts";
import { matchRoute, type Route } from "./match-route.ts";
import { beginRun, parameters, runDetail, runForEvents, runLogs, stopTask } from "./routes.ts";
import { finishedData } from "./run-events.ts";
import { createRunRegistry, type RunRegistry } from "./run-registry.ts";
import { sendEnd, sendStream } from "./send-stream.ts";
import type { StandInApp } from "./stand-in-app.ts";
import { isOver, type StandInRun } from "./stand-in-run.ts";

/** How the stand-in is set up. */
export type DifyStandInOptions = {
  readonly apps: readonly StandInApp[];
  readonly datasets?: readonly StandInDataset[];
  /** Between two pings of a stream; Dify's are 10 s apart. */
  readonly pingMs?: number;
  /** How many streaming runs run at once; Dify's queue has one worker. */
  readonly workers?: number;
  /** What `GET /v1/` tells; before 1.14 the log has runs only when they have ended. */
  readonly version?: string;
  readonly port?: number;
};

/** A request that came in; without its key, its inputs and its answer. */
export type SeenRequest = { readonly method: string; readonly path: string; readonly at: number };

/** A Dify server on loopback, as strict as the real one, with faults on demand. */
export type DifyStandIn = AsyncDisposable & {
  /** Its address, without `/v1`. */
  readonly url: string;
  readonly fail: (fault: Fault) => void;
  readonly heal: () => void;
  readonly requests: () => readonly SeenRequest[];
  /** The documents of a dataset, the oldest first. */
  readonly documents: Datasets["documents"];
  /** Ends the indexing of every document. */
  readonly finishIndexing: () => void;
  /** The runs that were begun, oldest first: what a test counts to see that nothing was asked for twice. */
  readonly runs: () => readonly Readonly<Pick<StandInRun, "id" | "taskId" | "user" | "status" | "inputs">>[];
  readonly close: () => Promise<void>;
};

type Server = {
  readonly datasets: Datasets;
  readonly options: DifyStandInOptions;
  readonly registry: RunRegistry;
  readonly takeFault: (endpoint: Endpoint) => Fault | null;
};

const MOST_BODY_BYTES = 15 * 1024 * 1024;

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  if (!String(request.headers["content-type"]).startsWith("application/json")) {
    throw new Refusal(
      415,
      "unsupported_media_type",
      "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
    );
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  const parts: AsyncIterable<Uint8Array> = request;
  for await (const bytes of parts) {
    size += bytes.length;
    if (size > MOST_BODY_BYTES)
      throw new Refusal(
        413,
        "request_entity_too_large",
        "The data value transmitted exceeds the capacity limit.",
      );
    chunks.push(bytes);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return body;
  } catch {
    throw new Refusal(400, "bad_request", "Failed to decode JSON object");
  }
};

const sendJson = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
};

const appOf = (options: DifyStandInOptions, request: IncomingMessage): StandInApp => {
  const [scheme, key] = (request.headers.authorization ?? "").split(" ", 2);
  if (scheme?.toLowerCase() !== "bearer" || key === undefined) {
    throw new Refusal(401, "unauthorized", "Authorization header must be provided and start with 'Bearer'");
  }
  const app = options.apps.find((one) => one.key === key);
  if (app === undefined || app.keyExpired === true)
    throw new Refusal(401, "unauthorized", "Access token is invalid");
  return app;
};

const whenOver = (registry: RunRegistry, run: StandInRun): Promise<void> =>
  new Promise((resolve) => {
    if (isOver(run)) return resolve();
    const unwatch = registry.watch(run, () => {
      if (!isOver(run)) return;
      unwatch();
      resolve();
    });
  });

/** Faults that take the place of the answer; true when they did. */
const answerWithFault = (response: ServerResponse, fault: Fault | null): boolean => {
  switch (fault?.kind) {
    case "error-answer": {
      const { status, code, message = "as asked for" } = fault;
      const headers = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
      sendJson(response, status, { code, message, status }, headers);
      return true;
    }
    case "html":
      response.writeHead(fault.status, { "content-type": "text/html" });
      response.end(`<html><head><title>${fault.status}</title></head><body>nginx</body></html>`);
      return true;
    case "reset":
      response.destroy();
      return true;
    case "hang":
      return true;
    default:
      return false;
  }
};

const runsAllTheSame = (fault: Fault | null): boolean =>
  fault === null || !("runs" in fault) || (fault.runs ?? false);

const serveRun = async (
  server: Server,
  app: StandInApp,
  route: Extract<Route, { endpoint: "run" }>,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | null,
): Promise<void> => {
  const body = await readBody(request);
  const replaced = fault?.kind === "error-answer" && fault.runs !== true;
  if (replaced || !runsAllTheSame(fault)) return void answerWithFault(response, fault);
  const begun = beginRun(server.registry, app, route.workflowId, body);
  if (answerWithFault(response, fault)) return;
  if ("inStream" in begun) {
    const { code, status, message } = begun.inStream;
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    // Left open: after an error it is for the client to go.
    response.write(`data: ${JSON.stringify({ event: "error", code, status, message })}\n\n`);
    return;
  }
  const { run, streaming } = begun;
  const pingMs = server.options.pingMs ?? 10_000;
  if (streaming) return sendStream(response, server.registry, run, { from: 0, pingMs, fault });
  await whenOver(server.registry, run);
  sendJson(response, 200, { task_id: run.taskId, workflow_run_id: run.id, data: finishedData(run) });
};

const serveOther = async (
  { registry, options }: Server,
  app: StandInApp,
  route: Exclude<Route, { endpoint: "run" }>,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | null,
): Promise<void> => {
  if (answerWithFault(response, fault)) return;
  switch (route.endpoint) {
    case "detail":
      return sendJson(response, 200, runDetail(registry, app, route.workflowRunId));
    case "events": {
      const run = runForEvents(registry, app, route.workflowRunId, route.query.get("user"));
      if (isOver(run) && !run.stuck) return sendEnd(response, run);
      const from = route.query.get("include_state_snapshot") === "true" ? 0 : run.frames.length;
      const pingMs = options.pingMs ?? 10_000;
      return sendStream(response, registry, run, { from, pingMs, fault });
    }
    case "stop": {
      const obeys = fault?.kind !== "stop-ignored";
      return sendJson(response, 200, stopTask(registry, app, route.taskId, await readBody(request), obeys));
    }
    case "parameters":
      return sendJson(response, 200, parameters(app));
    case "info":
      return sendJson(response, 200, {
        name: app.name,
        description: "",
        tags: [],
        mode: app.mode ?? "workflow",
      });
    case "logs":
      return sendJson(response, 200, runLogs(registry, app, route.query, logsAtStart(options.version)));
  }
};

const logsAtStart = (version = "1.16.0"): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 1 || (major === 1 && minor >= 14);
};

const serve = async (server: Server, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://stand-in");
  if (pathname === "/v1/" && request.method === "GET") {
    const server_version = server.options.version ?? "1.16.0";
    return sendJson(response, 200, { welcome: "Dify OpenAPI", api_version: "v1", server_version });
  }
  const [, key = null] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  const answered = await server.datasets.serve({
    method: request.method ?? "GET",
    path: pathname,
    query: searchParams,
    key,
    readBody: () => readBody(request),
  });
  if (answered?.body === null) return void response.writeHead(answered.status).end();
  if (answered !== null) return sendJson(response, answered.status, answered.body);
  const route = matchRoute(request.method ?? "GET", pathname, searchParams);
  const app = appOf(server.options, request);
  const fault = route.endpoint === "info" ? null : server.takeFault(route.endpoint);
  if (fault?.kind === "slow") await delay(fault.ms);
  await (route.endpoint === "run"
    ? serveRun(server, app, route, request, response, fault)
    : serveOther(server, app, route, request, response, fault));
};

/** Starts a Dify stand-in on a free port of the loopback. */
export const startDifyStandIn = async (options: DifyStandInOptions): Promise<DifyStandIn> => {
  const registry = createRunRegistry(options.workers ?? 1);
  const faults = createFaultQueue();
  const seen: SeenRequest[] = [];
  const datasets = createDatasets(options.datasets ?? []);
  const server: Server = { options, registry, datasets, takeFault: faults.take };
  const http = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://stand-in").pathname;
    seen.push({ method: request.method ?? "GET", path, at: Date.now() });
    serve(server, request, response).catch((error: unknown) => {
      if (response.headersSent) return response.destroy();
      const refusal =
        error instanceof Refusal ? error : new Refusal(500, "internal_server_error", "Internal server error");
      return sendJson(response, refusal.status, {
        code: refusal.code,
        message: refusal.message,
        status: refusal.status,
      });
    });
  });
  await new Promise<void>((resolve) => http.listen(options.port ?? 0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    await registry.close();
    http.closeAllConnections();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  };
  return {
    url: `http://127.0.0.1:${portOf(http.address())}`,
    fail: faults.add,
    heal: faults.clear,
    requests: () => seen,
    documents: datasets.documents,
    finishIndexing: datasets.finishIndexing,
    runs: registry.all,
    close,
    [Symbol.asyncDispose]: close,
  };
};

const portOf = (address: AddressInfo | string | null): number =>
  address !== null && typeof address === "object" ? address.port : 0;
