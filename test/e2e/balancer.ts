import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";

/** What stands in front of several servers, as a proxy would. */
export type Balancer = AsyncDisposable & { readonly url: string };

const HOP_BY_HOP = new Set(["connection", "content-length", "host", "keep-alive", "transfer-encoding"]);

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      HOP_BY_HOP.has(name) || value === undefined ? [] : [[name, String(value)] as const],
    ),
  );

/**
 * Hands every POST to one server after the other, starting with another one each time, until one answers within
 * `patienceMs`, as GitLab has it when left out.
 */
export const startBalancer = async (targets: readonly string[], patienceMs = 10_000): Promise<Balancer> => {
  let turn = 0;
  const forward = async (request: IncomingMessage): Promise<{ status: number; body: string }> => {
    const body = await buffer(request);
    const first = (turn += 1);
    for (const [index] of targets.entries()) {
      const target = targets[(first + index) % targets.length] ?? "";
      try {
        const response = await fetch(`${target}${request.url ?? ""}`, {
          method: "POST",
          headers: headersOf(request),
          body,
          signal: AbortSignal.timeout(patienceMs),
        });
        return { status: response.status, body: await response.text() };
      } catch {
        // This one is down, or died over it; the next one knows a repeat for what it is.
      }
    }
    return { status: 502, body: "{}" };
  };
  const server = createServer((request, response) => {
    void forward(request).then(
      ({ status, body }) => response.writeHead(status, { "content-type": "application/json" }).end(body),
      () => response.destroy(),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
