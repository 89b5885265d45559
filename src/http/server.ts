import { message } from "../messages/message.ts";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { ConfigError, problemAt } from "../base/errors.ts";

/** Where to listen, and how long to bear with slow senders (milliseconds). */
export type ServerOptions = {
  readonly app: Hono;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
};

/** A server that listens. */
export type RunningServer = {
  readonly url: string;
  /** Takes no more connections and lets open requests finish, for `graceMs` at most. */
  readonly stop: (graceMs: number) => Promise<void>;
};

/**
 * Starts listening. GitLab waits ten seconds for an answer, so that a sender who needs longer for the
 * headers is none; a body may take thirty. Throws a ConfigError when the address cannot be had.
 */
export const startServer = async (options: ServerOptions): Promise<RunningServer> => {
  const listener = getRequestListener(options.app.fetch);
  const open = new Set<ServerResponse>();
  let isStopping = false;
  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs ?? 10_000,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      keepAliveTimeout: 65_000,
      connectionsCheckingInterval: 1_000,
    },
    (incoming, outgoing) => {
      open.add(outgoing);
      outgoing.once("close", () => open.delete(outgoing));
      outgoing.shouldKeepAlive &&= !isStopping;
      // What is left of a body of known length is read, so that its sender sees the answer. Chunks are cut by the
      // sender, and GitLab sends none: millions of them would be read for nothing.
      if (incoming.headers["transfer-encoding"] !== undefined)
        outgoing.once("finish", () => incoming.complete || incoming.socket.destroySoon());
      void listener(incoming, outgoing);
    },
  );
  await listen(server, options);
  const { port } = addressOf(server);
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    stop: async (graceMs) => {
      // A proxy sends its next request on a connection that it may keep, and the server would never be done.
      isStopping = true;
      for (const outgoing of open) outgoing.shouldKeepAlive = false;
      await stop(server, graceMs);
    },
  };
};

const listen = async (server: Server, { host, port }: ServerOptions): Promise<void> => {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    const problem = message("config.cannot-listen", { address: `${host}:${port}` });
    throw new ConfigError([problemAt("server", problem)], { code: "address-unavailable", cause });
  }
};

const addressOf = (server: Server): AddressInfo => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("A TCP server has an address");
  return address;
};

const stop = async (server: Server, graceMs: number): Promise<void> => {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
};
