import { createServer, type IncomingMessage } from "node:http";
import type { Answer } from "./transcripts.ts";

/** A request as a replaying server saw it. */
export type SeenRequest = { readonly method: string; readonly path: string; readonly body: string };

/** A server that answers what it is told to. */
export type ReplayedServer = AsyncDisposable & { readonly url: string; readonly requests: SeenRequest[] };

/** Which answer a request gets; null is answered with 404. */
export type Script = (request: SeenRequest) => Answer | null;

const readAll = async (request: IncomingMessage): Promise<string> => {
  const chunks: Uint8Array[] = [];
  const parts: AsyncIterable<Uint8Array> = request;
  for await (const chunk of parts) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
};

const HOP_BY_HOP = new Set(["connection", "transfer-encoding", "content-length", "keep-alive"]);

/** Whether Dify closes a stream by itself: after the run's last frame only. */
const closes = (answer: Answer): boolean => {
  const last = answer.frames.at(-1);
  return last === undefined || (!last.ping && last.json["event"] === "workflow_finished");
};

/** Answers on loopback with recorded answers of Dify; a stream that Dify left open is left open. */
export const startReplayedServer = async (script: Script): Promise<ReplayedServer> => {
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const seen = { method: request.method ?? "", path: request.url ?? "", body: await readAll(request) };
      requests.push(seen);
      const answer = script(seen);
      if (answer === null) return response.writeHead(404).end();
      const headers = [...answer.headers].filter(([name]) => !HOP_BY_HOP.has(name));
      response.writeHead(answer.status, Object.fromEntries(headers));
      const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream") === true;
      if (!isStream || closes(answer)) return response.end(answer.body);
      return response.write(answer.body);
    })();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
