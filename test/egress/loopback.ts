import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer } from "node:http";
import { after } from "node:test";
import type { GuardedHttpClientOptions } from "../../src/egress/guarded-http-client.ts";
import { createGuardedHttpClient } from "../../src/egress/guarded-http-client.ts";
import type { HttpRequest, HttpResponse, NodeFailure } from "../../src/flow/ports.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server on loopback; gives its port. */
export const serve = async (listener: RequestListener): Promise<number> => {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};

/** A plain GET with short timeouts. */
export const request = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  url,
  headers: [],
  body: null,
  connectTimeoutMs: 2000,
  readTimeoutMs: 5000,
  writeTimeoutMs: 5000,
  verifyTls: true,
  maxResponseBytes: 100_000,
  signal: new AbortController().signal,
  ...more,
});

/** Sends through a client with these options. */
export const send = async (
  options: Partial<GuardedHttpClientOptions>,
  url: string,
  more: Partial<HttpRequest> = {},
) => createGuardedHttpClient({ allow: [], ...options }).send(request(url, more));

/** The answer, where one is expected. */
export const answer = async (...given: Parameters<typeof send>): Promise<HttpResponse> => {
  const result = await send(...given);
  if (!result.ok) throw new Error(result.message);
  return result.value;
};

/** The failure, where one is expected. */
export const failure = async (...given: Parameters<typeof send>): Promise<NodeFailure> => {
  const result = await send(...given);
  if (result.ok) throw new Error("expected a failure");
  return result;
};

/** An answer's body as text. */
export const text = (response: HttpResponse): string => Buffer.from(response.body).toString("utf8");

/** What a client sent. */
export const bodyOf = async (incoming: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) {
    if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString("utf8");
};
