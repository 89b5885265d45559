import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

/** What stands in front of several servers, as a proxy would. */
export type Balancer = AsyncDisposable & { readonly url: string };

const HOP_BY_HOP = new Set(["connection", "content-length", "host", "keep-alive", "transfer-encoding"]);

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      HOP_BY_HOP.has(name) || value === undefined ? [] : [[name, String(value)] as const],
    ),
  );

type Answer = { readonly status: number; readonly body: string };

/** How long lies between two rounds over all servers. */
const ROUND_MS = 250;

/**
 * Hands every POST to one server after the other, starting with another one each time, until one answers within
 * `patienceMs`, as GitLab has it when left out. For as long as `againMs` says it tries all of them again where none took
 * it: nobody answered, or 503.
 */
export const startBalancer = async (
  targets: readonly string[],
  patienceMs = 10_000,
  againMs = 0,
): Promise<Balancer> => {
  let turn = 0;
  const forward = async (request: IncomingMessage): Promise<Answer> => {
    const endMs = performance.now() + againMs;
    const body = await buffer(request);
    for (;;) {
      const answer = await forwardOnce(request, body);
      if ((answer.status !== 502 && answer.status !== 503) || performance.now() > endMs) return answer;
      await delay(ROUND_MS);
    }
  };
  const forwardOnce = async (request: IncomingMessage, body: Buffer): Promise<Answer> => {
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
