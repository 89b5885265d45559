import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const listen = async (server: ReturnType<typeof createServer>): Promise<number> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return z.object({ port: z.number() }).parse(server.address()).port;
};

/** A proxy that brings every request to one server on loopback, whatever host it is for, and keeps the hosts. */
const startProxy = async (target: number) => {
  const hosts: string[] = [];
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const url = new URL(incoming.url ?? "", "http://none.invalid");
    hosts.push(url.host);
    const { method, headers } = incoming;
    const sent = request({ port: target, path: url.pathname + url.search, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(sent);
  };
  const server = createServer(forward);
  server.on("connect", (incoming, socket) => {
    hosts.push(incoming.url ?? "");
    const upstream = connect(target, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, hosts, server };
};

const CHILD = fileURLToPath(new URL("proxy-child.ts", import.meta.url));

/** Runs calls of every kind in a process with these variables, each empty one naming the proxy. */
export const runBehindProxy = async (environment: Record<string, string>) => {
  const seen: string[] = [];
  const target = createServer((incoming, outgoing) => {
    seen.push(`${incoming.headers.host} ${incoming.url}`);
    outgoing.writeHead(200, { "content-type": "application/json", "x-version": "1.14.2" });
    outgoing.end(
      '{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}',
    );
  });
  const port = await listen(target);
  const proxy = await startProxy(port);
  const named = Object.fromEntries(
    Object.keys(environment).map((name) => [name, environment[name] || proxy.url]),
  );
  const child = spawn(process.execPath, [CHILD, String(port)], {
    env: { PATH: process.env["PATH"], ...named },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const printed = await text(child.stdout);
  for (const server of [target, proxy.server]) {
    server.closeAllConnections();
    server.close();
  }
  return { seen, hosts: proxy.hosts, printed };
};
