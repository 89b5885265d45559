import { createServer, STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import {
  info,
  needUser,
  needWorkflow,
  parameters,
  readOrder,
  runDetail,
  runForEvents,
  runLogs,
  site,
  versionOf,
} from "./answers.ts";
import { createDatasets, type Datasets, type StandInDataset } from "./datasets.ts";
import { createFaultQueue, type Endpoint, type Fault } from "./fault.ts";
import { invalidParam, Refusal, UnknownPath } from "./refusals.ts";
import { endOf, isOver, type StandInRun } from "./run.ts";
import { createRuns, type Runs } from "./runs.ts";
import type { Fields, StandInApp } from "./stand-in-app.ts";
import { sendEvents, sendStream } from "./streams.ts";

/** How the stand-in is set up. */
export type DifyStandInOptions = {
  readonly apps: readonly StandInApp[];
  readonly datasets?: readonly StandInDataset[];
  /** Between two pings of a worker, in Dify's milliseconds; 10,000 without. */
  readonly pingMs?: number;
  /** How many streaming runs run at once; Dify's queue has one worker. */
  readonly workers?: number;
  /**
   * How many of our milliseconds one of Dify's takes: with 0.002, a run of 75 s takes 150 ms and pings come
   * every 20 ms. It holds for pings, `runMs` and what programs and their retries wait.
   */
  readonly scale?: number;
  /** What `X-Version` says; before 1.14 the log has runs only when they have ended. */
  readonly version?: string;
  readonly port?: number;
};

/** A request that came in; without its key, its inputs and its answer. */
type SeenRequest = { readonly method: string; readonly path: string; readonly at: number };

/** A Dify server on loopback, as strict as the real one, with faults on demand. */
export type DifyStandIn = AsyncDisposable & {
  /** Its address, without `/v1`. */
  readonly url: string;
  readonly fail: (fault: Fault) => void;
  readonly heal: () => void;
  /** Kills every worker of the queue: their runs stay `running` for ever, what is in the queue waits. */
  readonly killWorkers: () => void;
  /** Starts workers; what waits in the queue begins. */
  readonly startWorkers: (count: number) => void;
  readonly requests: () => readonly SeenRequest[];
  /** The documents of a dataset, the oldest first. */
  readonly documents: Datasets["documents"];
  /** Ends the indexing of every document. */
  readonly finishIndexing: () => void;
  /**
   * The runs that were taken, oldest first: what a test counts to see that nothing was asked for twice. One that
   * waits in the queue is `scheduled`; one whose inputs a worker refused is none.
   */
  readonly runs: () => readonly Readonly<Pick<StandInRun, "id" | "taskId" | "user" | "status" | "inputs">>[];
  readonly close: () => Promise<void>;
};

type Server = {
  readonly datasets: Datasets;
  readonly options: DifyStandInOptions;
  readonly runs: Runs;
  readonly takeFault: (endpoint: Endpoint) => Fault | null;
  /** Requests for runs that are open, by app. */
  readonly open: Map<StandInApp, number>;
  /** What every answer carries, with that of the API's own answers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly version: string;
};

type Headers = Readonly<Record<string, string>>;

const MOST_BODY_BYTES = 15 * 1024 * 1024;

/** Answers of the API itself have these; those of the web server behind it (no such path or method) have not. */
const CORS: Headers = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "X-Env, X-Trace-Id, X-Version",
};

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
    const message = "The browser (or proxy) sent a request that this server could not understand.";
    throw new Refusal(400, "bad_request", message);
  }
};

const readFields = async (request: IncomingMessage): Promise<Fields> => {
  const body = await readBody(request);
  return typeof body === "object" && body !== null ? { ...body } : {};
};

const sendText = (response: ServerResponse, status: number, headers: Headers, text: string): void => {
  const phrase = (STATUS_CODES[status] ?? "").toUpperCase();
  response.writeHead(status, phrase, { ...headers, "content-length": String(Buffer.byteLength(text)) });
  response.end(text);
};

const sendJson = (
  { headers }: Server,
  response: ServerResponse,
  status: number,
  body: unknown,
  more: Headers = {},
): void =>
  sendText(
    response,
    status,
    { ...headers, ...CORS, "content-type": "application/json", ...more },
    `${JSON.stringify(body)}\n`,
  );

const page = (title: string, text: string): string =>
  `<!doctype html>\n<html lang=en>\n<title>${title}</title>\n<h1>${title.replace(/^\d+ /, "")}</h1>\n<p>${text}\n`;

const sendRefusal = (server: Server, response: ServerResponse, path: string, error: unknown): void => {
  if (error instanceof UnknownPath) {
    const text =
      "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>";
    const own = path === "/v1/" ? CORS : {};
    const headers = { ...server.headers, ...own, "content-type": "text/html; charset=utf-8" };
    return sendText(response, 404, headers, page("404 Not Found", text));
  }
  const { code, message, status } =
    error instanceof Refusal ? error : new Refusal(500, "unknown", "Internal Server Error");
  if (status === 405) {
    const headers = { ...server.headers, "content-type": "application/json" };
    return sendText(response, status, headers, `${JSON.stringify({ code, message, status })}\n`);
  }
  const realm: Headers = status === 401 ? { "www-authenticate": 'Bearer realm="api"' } : {};
  return sendJson(server, response, status, { code, message, status }, realm);
};

const appOf = ({ options }: Server, request: IncomingMessage): StandInApp => {
  const [scheme, key] = (request.headers.authorization ?? "").split(" ", 2);
  if (scheme?.toLowerCase() !== "bearer" || key === undefined) {
    throw new Refusal(401, "unauthorized", "Authorization header must be provided and start with 'Bearer'");
  }
  const app = options.apps.find((one) => one.key === key);
  if (app === undefined || app.keyExpired === true)
    throw new Refusal(401, "unauthorized", "Access token is invalid");
  if (app.apiDisabled === true)
    throw new Refusal(403, "forbidden", "The app's API service has been disabled.");
  return app;
};

type Route = { readonly method: "GET" | "POST"; readonly endpoint: Endpoint; readonly id: string | null };

const ROUTES: readonly (readonly [Route["method"], RegExp, Endpoint])[] = [
  ["POST", /^\/v1\/workflows\/run$/, "run"],
  ["GET", /^\/v1\/workflows\/logs$/, "logs"],
  ["GET", /^\/v1\/workflows\/run\/([^/]+)$/, "detail"],
  ["POST", /^\/v1\/workflows\/([^/]+)\/run$/, "run"],
  ["GET", /^\/v1\/workflow\/([^/]+)\/events$/, "events"],
  ["POST", /^\/v1\/workflows\/tasks\/([^/]+)\/stop$/, "stop"],
  ["GET", /^\/v1\/(parameters)$/, "parameters"],
  ["GET", /^\/v1\/(info)$/, "info"],
  ["GET", /^\/v1\/(site)$/, "site"],
  ["GET", /^\/v1\/(meta)$/, "meta"],
];

/** The route of a path; throws the answer to an unknown path or to a wrong method. */
const matchRoute = (method: string, path: string): Route => {
  const found = ROUTES.flatMap(([needed, pattern, endpoint]): Route[] => {
    const match = pattern.exec(path);
    if (match === null) return [];
    return [{ method: needed, endpoint, id: match[1] === undefined ? null : decodeURIComponent(match[1]) }];
  });
  if (found.length === 0) throw new UnknownPath();
  const route = found.find((one) => one.method === method);
  if (route === undefined)
    throw new Refusal(405, "method_not_allowed", "The method is not allowed for the requested URL.");
  return route;
};

const whenOver = (runs: Runs, run: StandInRun): Promise<void> =>
  new Promise((resolve) => {
    if (isOver(run)) return resolve();
    const unwatch = runs.watch(run, () => {
      if (!isOver(run)) return;
      unwatch();
      resolve();
    });
  });

/** Faults that take the place of the answer; true when they did. */
const answerWithFault = (server: Server, response: ServerResponse, fault: Fault | null): boolean => {
  switch (fault?.kind) {
    case "error-answer": {
      const { status, code, message = "as asked for" } = fault;
      const later: Headers = fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter };
      sendJson(server, response, status, { code, message, status }, later);
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

/** Takes a place of the app for a request; gives back how to leave it. */
const enter = ({ open, runs }: Server, app: StandInApp, streaming: boolean): (() => void) => {
  const active = open.get(app) ?? 0;
  const most = app.maxActiveRequests;
  if (most !== undefined && active + (streaming ? 2 : 1) > most) {
    const { appId } = runs.idsOf(app);
    throw invalidParam(
      `Too many requests. Please try again later. The current maximum concurrent requests allowed for ${appId} is ${most}.`,
    );
  }
  open.set(app, active + 1);
  let isIn = true;
  return () => {
    if (isIn) open.set(app, (open.get(app) ?? 1) - 1);
    isIn = false;
  };
};

const isInsteadOfRun = (fault: Fault | null): boolean => {
  switch (fault?.kind) {
    case "error-answer":
      return fault.runs !== true;
    case "html":
    case "reset":
    case "hang":
      return !fault.runs;
    default:
      return false;
  }
};

type Call = {
  readonly server: Server;
  readonly app: StandInApp;
  readonly route: Route;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly fault: Fault | null;
};

const serveRun = async ({ server, app, route, request, response, fault }: Call): Promise<void> => {
  const { runs } = server;
  const body = await readFields(request);
  const user = needUser(body["user"]);
  if (isInsteadOfRun(fault)) return void answerWithFault(server, response, fault);
  needWorkflow(app);
  const { inputs, streaming } = readOrder(body);
  const leave = enter(server, app, streaming);
  let run: StandInRun;
  try {
    const workflowId = versionOf(runs, app, route.id);
    const dies = fault?.kind === "worker-dies" ? { diesAfter: fault.afterEvents } : {};
    run = runs.begin({ app, workflowId, user, inputs, streaming, ...dies });
  } catch (error) {
    leave();
    throw error;
  }
  if (answerWithFault(server, response, fault)) return leave();
  const headers = { ...server.headers, ...CORS };
  if (streaming) return sendStream(response, runs, run, { headers, from: 0, fault, onLeft: leave });
  await whenOver(runs, run);
  leave();
  const answer = { task_id: run.taskId, workflow_run_id: run.id, data: endOf(run) };
  const type = { "content-type": "application/json; charset=utf-8" };
  return sendText(response, 200, { ...headers, ...type }, JSON.stringify(answer));
};

const serveStop = async ({ server, app, route, request, fault }: Call): Promise<Fields> => {
  needUser((await readFields(request))["user"]);
  needWorkflow(app);
  // Neither the user nor the app of the run is asked for.
  if (fault?.kind !== "stop-ignored") server.runs.stop(route.id ?? "");
  return { result: "success" };
};

const logsAtStart = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 1 || (major === 1 && minor >= 14);
};

const bodyOf = async (call: Call): Promise<Fields> => {
  const { server, app, route, query } = call;
  switch (route.endpoint) {
    case "detail":
      return runDetail(server.runs, app, route.id ?? "");
    case "stop":
      return serveStop(call);
    case "parameters":
      return parameters(app);
    case "info":
      return info(app);
    case "site":
      return site(app);
    case "logs":
      return runLogs(server.runs, app, query, logsAtStart(server.version));
    default:
      return { tool_icons: {} };
  }
};

const serveApp = async (call: Call): Promise<void> => {
  const { server, app, route, query, response, fault } = call;
  if (fault?.kind === "slow") await delay(fault.ms);
  if (route.endpoint === "run") return serveRun(call);
  if (answerWithFault(server, response, fault)) return;
  if (route.endpoint !== "events") return sendJson(server, response, 200, await bodyOf(call));
  const run = runForEvents(server.runs, app, route.id ?? "", query.get("user"));
  const headers = { ...server.headers, ...CORS };
  const withSnapshot = query.get("include_state_snapshot") === "true";
  return sendEvents(response, server.runs, run, { headers, fault, withSnapshot });
};

const redirect = (server: Server, request: IncomingMessage, response: ServerResponse): void => {
  const location = `http://${request.headers.host ?? ""}/v1/`;
  const text = `You should be redirected automatically to the target URL: <a href="${location}">${location}</a>. If not, click the link.`;
  const headers = { ...server.headers, "content-type": "text/html; charset=utf-8", location };
  sendText(response, 308, headers, page("Redirecting...", text));
};

const serve = async (server: Server, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const method = request.method ?? "GET";
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://stand-in");
  if (pathname === "/v1") return redirect(server, request, response);
  const [, key = null] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  const answered = await server.datasets.serve({
    method,
    path: pathname,
    query: searchParams,
    key,
    readBody: () => readBody(request),
  });
  if (answered?.body === null) return void response.writeHead(answered.status, server.headers).end();
  if (answered !== null) return sendJson(server, response, answered.status, answered.body);
  const route = matchRoute(method, pathname);
  const app = appOf(server, request);
  const fault = server.takeFault(route.endpoint);
  return serveApp({ server, app, route, query: searchParams, request, response, fault });
};

/** Starts a Dify stand-in on a free port of the loopback. */
export const startDifyStandIn = async (options: DifyStandInOptions): Promise<DifyStandIn> => {
  const { scale = 1, pingMs = 10_000, workers = 1, version = "1.14.2" } = options;
  const runs = createRuns({ scale, pingMs, workers });
  const faults = createFaultQueue();
  const seen: SeenRequest[] = [];
  const datasets = createDatasets(options.datasets ?? []);
  const headers = { server: "gunicorn", "x-version": version, "x-env": "PRODUCTION", vary: "Cookie" };
  const open = new Map<StandInApp, number>();
  const server: Server = { options, runs, datasets, takeFault: faults.take, open, headers, version };
  const http = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://stand-in").pathname;
    seen.push({ method: request.method ?? "GET", path, at: Date.now() });
    serve(server, request, response).catch((error: unknown) => {
      if (response.headersSent) return response.destroy();
      return sendRefusal(server, response, path, error);
    });
  });
  await new Promise<void>((resolve) => http.listen(options.port ?? 0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    await runs.close();
    http.closeAllConnections();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  };
  return {
    url: `http://127.0.0.1:${portOf(http.address())}`,
    fail: faults.add,
    heal: faults.clear,
    killWorkers: runs.killWorkers,
    startWorkers: runs.startWorkers,
    requests: () => seen,
    documents: datasets.documents,
    finishIndexing: datasets.finishIndexing,
    runs: runs.all,
    close,
    [Symbol.asyncDispose]: close,
  };
};

const portOf = (address: AddressInfo | string | null): number =>
  address !== null && typeof address === "object" ? address.port : 0;
