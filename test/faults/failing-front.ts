import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What stands between Reviewflow and a server, and what it does to calls. */
export const FAULTS = [
  "refused",
  "slow",
  "cut off",
  "503",
  "429",
  "429 with a header",
  "429 with a text",
  "wrong key",
] as const;
export type FrontFault = (typeof FAULTS)[number];

/** A call that was answered whole, as the server behind has answered it. */
export type WholeCall = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: string;
};

/** A proxy on loopback before a stand-in, which fails as it is set. */
export type FailingFront = AsyncDisposable & {
  /** Its address, without a path. */
  readonly url: string;
  /** Null: calls pass, as the next `afterCalls` do in any case. Calls that are held are cut off. */
  readonly set: (fault: FrontFault | null, afterCalls?: number) => Promise<void>;
  readonly fault: () => FrontFault | null;
  /** Calls that are under way and will end by themselves. */
  readonly underWay: () => number;
  /** Calls that have arrived so far. */
  readonly arrived: () => number;
  /** Calls that a fault has struck. */
  readonly struck: () => number;
  readonly whole: readonly WholeCall[];
};

const read = async (stream: IncomingMessage): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece)));
  return Buffer.concat(pieces);
};

const ask = async (origin: string, incoming: IncomingMessage, body: Buffer) => {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { method, headers } = incoming;
  forward(`${origin}${incoming.url ?? "/"}`, { method, headers, agent: false }, resolve)
    .once("error", reject)
    .end(body);
  const answer = await promise;
  return { answer, bytes: await read(answer) };
};

/** A refusal by each fault that is one: status, headers and text. */
const REFUSALS: ReadonlyMap<FrontFault, readonly [status: number, retryAfterS: string | null, text: string]> =
  new Map([
    ["503", [503, null, "Service Unavailable"]],
    ["429", [429, null, "Too Many Requests"]],
    ["429 with a header", [429, "90", "Too Many Requests"]],
    ["429 with a text", [429, null, "Rate limit reached. Please try again in 20s."]],
    ["wrong key", [401, null, "401 Unauthorized"]],
  ]);

const refuse = (response: ServerResponse, fault: FrontFault): void => {
  const [status, retryAfterS, message] = REFUSALS.get(fault) ?? [500, null, ""];
  const headers = retryAfterS === null ? {} : { "retry-after": retryAfterS };
  response
    .writeHead(status, { "content-type": "application/json", ...headers })
    .end(JSON.stringify({ message, error: { message } }));
};

/** Starts one before the server at `origin`, whose own address it replaces by its own in what it passes on. */
export const startFailingFront = async (origin: string): Promise<FailingFront> => {
  let fault: FrontFault | null = null;
  /** So many calls are let through before the fault begins. */
  let unharmed = 0;
  let underWay = 0;
  let arrived = 0;
  let struck = 0;
  let url = "";
  const whole: WholeCall[] = [];
  const sockets = new Set<Socket>();

  const pass = async (
    incoming: IncomingMessage,
    response: ServerResponse,
    isCutOff: boolean,
  ): Promise<void> => {
    const body = await read(incoming);
    // Every other call that is cut off has been carried out: what was written stands, its answer is lost.
    if (isCutOff && struck % 2 === 0) return void incoming.socket.destroy();
    const { answer, bytes } = await ask(origin, incoming, body);
    if (isCutOff) return void incoming.socket.destroy();
    const translate = (text: string): string => text.replaceAll(origin, url);
    const sent = Buffer.from(translate(bytes.toString("latin1")), "latin1");
    const raw = answer.rawHeaders.map(translate);
    const names = raw.filter((_, at) => at % 2 === 0);
    for (const [at, name] of names.entries())
      if (!/^(content-length|transfer-encoding|connection|keep-alive)$/i.test(name))
        response.setHeader(name, raw[at * 2 + 1] ?? "");
    const status = answer.statusCode ?? 500;
    response.statusCode = status;
    response.once("finish", () => {
      const { method = "", url: path = "" } = incoming;
      whole.push({ method, path, status, body: body.toString() });
    });
    response.end(sent);
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    arrived += 1;
    const striking = unharmed > 0 ? null : fault;
    if (unharmed > 0) unharmed -= 1;
    if (striking !== null) struck += 1;
    // Held until its caller gives up.
    if (striking === "slow") return void incoming.resume();
    // The first that comes finds it gone.
    if (striking === "refused") return void close();
    underWay += 1;
    try {
      if (striking !== null && striking !== "cut off") refuse(response, striking);
      else await pass(incoming, response, striking === "cut off");
    } catch {
      incoming.socket.destroy();
    } finally {
      underWay -= 1;
    }
  };
  const server = createServer((incoming, response) => void handle(incoming, response));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject).listen(port, "127.0.0.1", resolve);
    });
  const close = (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    return closed;
  };
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The front has no port.");
  const { port } = address;
  url = `http://127.0.0.1:${port}`;
  return {
    url,
    set: async (next, afterCalls = 0) => {
      const before = fault;
      fault = next;
      unharmed = next === null ? 0 : afterCalls;
      if (before === "slow") for (const socket of sockets) socket.destroy();
      if (next === "refused" && unharmed === 0 && server.listening) await close();
      else if (next !== "refused" && !server.listening) await listen(port);
    },
    fault: () => fault,
    underWay: () => underWay,
    arrived: () => arrived,
    struck: () => struck,
    whole,
    [Symbol.asyncDispose]: async () => {
      if (server.listening) await close();
    },
  };
};
