import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { text as readText } from "node:stream/consumers";
import type { DifyStandIn } from "../../../standins/dify/dify-stand-in.ts";
import { answerOf, framesOf, type Answer, type Frame } from "../../dify/transcripts.ts";

/** A request that GitLab got. */
export type Asked = {
  readonly method: string;
  readonly url: string;
  readonly token: unknown;
  readonly body: string;
};

/** As much of GitLab as the classic flow asks for; it knows one token if `token` names it. */
export const startGitLab = async (
  answers: { readonly list?: number; readonly notes?: number; readonly token?: string } = {},
) => {
  const asked: Asked[] = [];
  const contentOf = (url: string, token: unknown): readonly [number, unknown] => {
    if (answers.token !== undefined && token !== answers.token) return [401, { message: "401 Unauthorized" }];
    if (url.includes("/diffs"))
      return [200, [{ old_path: "a.ts", new_path: "a.ts", diff: "@@ -1 +1 @@\n-let a\n+const a = 1\n" }]];
    if (url.endsWith("/notes")) return [answers.notes ?? 201, { id: 1 }];
    return [answers.list ?? 200, [{ iid: 3, web_url: "http://gitlab.test/g/p/-/merge_requests/3" }]];
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readText(request);
    const url = request.url ?? "";
    const token = request.headers["private-token"];
    asked.push({ method: request.method ?? "", url, token, body });
    const [status, content] = contentOf(url, token);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(content));
  };
  const http = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const close = async (): Promise<void> => {
    http.closeAllConnections();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  };
  return { url: `http://127.0.0.1:${port}`, asked, [Symbol.asyncDispose]: close };
};

/** A request as it is sent: `raw` is a body that is no JSON. */
export type Request = {
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly key?: string | null;
  readonly body?: unknown;
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** An answer that is still coming. */
export type Coming = {
  /** What has come; waits until `enough` holds for its frames, or until it has ended. */
  readonly until: (enough: (frames: readonly Frame[]) => boolean) => Promise<Answer>;
  /** The whole answer; waits until the server ends it. */
  readonly ended: () => Promise<Answer>;
  readonly hasEnded: () => boolean;
  readonly leave: () => void;
};

const framesSoFar = (text: string): readonly Frame[] => framesOf(text.slice(0, text.lastIndexOf("\n\n") + 2));

/** Sends a request to the stand-in and reads its answer as it comes. */
export const send = (standIn: Pick<DifyStandIn, "url">, asked: Request): Promise<Coming> => {
  const body = asked.raw ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
  const key = asked.key === undefined ? "app-review" : asked.key;
  const headers = {
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...asked.headers,
  };
  const method = asked.method ?? (body === undefined ? "GET" : "POST");
  const { promise, resolve, reject } = Promise.withResolvers<Coming>();
  const sent = httpRequest(`${standIn.url}${asked.path}`, { method, headers }, (response) => {
    let text = "";
    let isOver = false;
    let waiting: (() => void)[] = [];
    const wake = (): void => {
      const woken = waiting;
      waiting = [];
      for (const one of woken) one();
    };
    const more = (): Promise<void> => new Promise((next) => waiting.push(next));
    response.setEncoding("utf8");
    response.on("data", (part: string) => {
      text += part;
      wake();
    });
    const end = (): void => {
      isOver = true;
      wake();
    };
    response.on("end", end);
    response.on("close", end);
    response.on("error", end);
    const names = Object.entries(response.headers);
    const given = new Map(names.map(([name, value]) => [name, String(value)]));
    const status = response.statusCode ?? 0;
    const isStream = given.get("content-type")?.startsWith("text/event-stream") ?? false;
    const answer = (): Answer =>
      answerOf(status, given, isStream ? text.slice(0, text.lastIndexOf("\n\n") + 2) : text);
    resolve({
      until: async (enough) => {
        for (;;) {
          if (isOver || enough(framesSoFar(text))) return answer();
          await more();
        }
      },
      ended: async () => {
        for (;;) {
          if (isOver) return answer();
          await more();
        }
      },
      hasEnded: () => isOver,
      leave: () => void response.destroy(),
    });
  });
  sent.on("error", reject);
  sent.end(body);
  return promise;
};

/** The `data` lines of a stream's frames. */
export const eventsOf = (frames: readonly Frame[]): readonly Readonly<Record<string, unknown>>[] =>
  frames.flatMap((frame) => (frame.ping ? [] : [frame.json]));
