import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";

/** A delivery as it arrived. */
export type Received = { readonly headers: IncomingHttpHeaders; readonly body: string };

/** A hook's receiver on loopback; `answer` decides what each delivery gets. */
export const startReceiver = async (
  answer: (response: ServerResponse) => void = (response) => void response.end(),
) => {
  const received: Received[] = [];
  let current = answer;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
      current(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    setAnswer: (next: (response: ServerResponse) => void): void => {
      current = next;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
