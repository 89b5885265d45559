import { request as requestHttp } from "node:http";
import type { IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";

/** What a hook's receiver answered. */
export type PostResult = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

const BODY_LIMIT = 8_192;

const flatten = (response: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));

const readBody = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve, reject) => {
    response.on("end", resolve);
    response.on("error", reject);
    response.on("aborted", () => reject(new Error("end of file reached")));
  });
  return Buffer.concat(chunks).subarray(0, BODY_LIMIT).toString("utf8");
};

/**
 * Posts once, on a connection of its own, following no redirect. Rejects on a connection error and when the
 * whole exchange takes longer than `timeoutMs`, with the words that GitLab logs.
 */
export const post = async (
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<PostResult> => {
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = send(url, {
        method: "POST",
        agent: false,
        headers: { ...headers, "Content-Length": String(body.length) },
        signal: AbortSignal.any([signal, timeout]),
      });
      sent.on("response", resolve);
      sent.on("error", reject);
      sent.end(body);
    });
    return { status: response.statusCode ?? 0, headers: flatten(response), body: await readBody(response) };
  } catch (error) {
    if (timeout.aborted) throw new Error("Net::ReadTimeout", { cause: error });
    throw error;
  }
};
