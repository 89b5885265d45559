import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { CallToolResult, Tool as McpToolEntry } from "@modelcontextprotocol/sdk/types.js";
import { describeError, ReviewflowError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import { endingOf } from "../base/cut-text.ts";
import { Json, JsonObject, parseJson } from "../base/json.ts";
import type { Secret } from "../base/secret.ts";
import { describeFile } from "../flow/nodes/document-extractor/file-value.ts";
import type { HttpClient, NodeFailure, NodeResult, ToolAnswer } from "../flow/ports.ts";
import { pythonStr } from "../flow/value-text.ts";
import { isJsonArray, isJsonObject } from "../flow/value-type.ts";
import { message, verbatim } from "../messages/message.ts";
import { castParameters } from "./cast-parameters.ts";
import {
  CONNECT_TIMEOUT_MS,
  MAX_ANSWER_BYTES,
  noAnswer,
  type Tool,
  toolAnswer,
  toolFailure,
} from "./tool.ts";

/** A server of tools that speaks the Model Context Protocol. Times are in milliseconds. */
export type McpServer = { readonly name: string; readonly timeoutMs: number } & (
  | { readonly kind: "http"; readonly url: string; readonly headers: Readonly<Record<string, Secret>> }
  | {
      /** A program that is started for every call and speaks by its input and output. */
      readonly kind: "stdio";
      readonly command: string;
      readonly args: readonly string[];
      /** All that it sees of an environment besides HOME, LOGNAME, PATH, SHELL, TERM and USER. */
      readonly env: Readonly<Record<string, Secret>>;
    }
);

/** Names us to servers. */
const CLIENT = { name: "reviewflow", version: "1" };
/** How long what a server said of its tools is taken for true. */
const LISTED_MS = 300_000;
const MAX_PAGES = 50;
/** How long a server may take to end a session: what it gave has come, and nobody waits for more. */
const END_TIMEOUT_MS = 2_000;
/** Of what a program says on its standard error, in UTF-16 units. */
const LONGEST_SAID = 500;

const reveal = (secrets: Readonly<Record<string, Secret>>): Record<string, string> =>
  Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secret.reveal()]));

/** What a call of a session came to besides its result. */
type Session = {
  readonly signal: AbortSignal;
  failure: NodeFailure | null;
  /** The end of what a program wrote to its standard error: mostly why it has ended. */
  said: string;
};

/**
 * The guarded client as the SDK calls it. Answers are read to their end, as servers close the stream of an answer; none
 * is listened to beyond it.
 */
const guardedFetch =
  (http: HttpClient, timeoutMs: number, session: Session) =>
  async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    const { method = "GET" } = init;
    if (method === "GET") return new Response(null, { status: 405 });
    const over = method === "DELETE" ? [AbortSignal.timeout(END_TIMEOUT_MS)] : [];
    const response = await http.send({
      method,
      url: String(url),
      headers: [...new Headers(init.headers)],
      body: typeof init.body === "string" ? Buffer.from(init.body) : null,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      readTimeoutMs: timeoutMs,
      writeTimeoutMs: timeoutMs,
      verifyTls: true,
      maxResponseBytes: MAX_ANSWER_BYTES,
      signal: AbortSignal.any([session.signal, ...over, ...(init.signal ? [init.signal] : [])]),
    });
    if (!response.ok) {
      session.failure = response;
      throw new Error(response.message);
    }
    const { status, headers, body } = response.value;
    // The body is unpacked, and as long as it is.
    const kept = headers.filter(([name]) => !/^content-(?:encoding|length)$/i.test(name));
    const isBodiless = status === 204 || status === 205 || status === 304;
    return new Response(isBodiless ? null : Buffer.from(body), {
      status,
      headers: kept.map(([name, value]) => [name, value]),
    });
  };

type Opened = { readonly transport: Transport; readonly end: () => Promise<void> };

const openTransport = async (server: McpServer, http: HttpClient, session: Session): Promise<Opened> => {
  if (server.kind === "http") {
    const { StreamableHTTPClientTransport } =
      await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
    const transport = new StreamableHTTPClientTransport(new URL(server.url), {
      fetch: guardedFetch(http, server.timeoutMs, session),
      requestInit: { headers: reveal(server.headers) },
      redirectPolicy: "follow",
    });
    return { transport, end: () => transport.terminateSession() };
  }
  const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
  const { command, args, env } = server;
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    env: reveal(env),
    stderr: "pipe",
    maxBufferSize: MAX_ANSWER_BYTES,
  });
  transport.stderr?.on("data", (chunk: unknown) => {
    if (chunk instanceof Uint8Array)
      session.said = endingOf(session.said + Buffer.from(chunk).toString(), LONGEST_SAID);
  });
  return { transport, end: async () => undefined };
};

/** Why a session did not come to its end, in our words or the server's. */
const explain = ({ name, timeoutMs }: McpServer, session: Session, error: unknown): NodeFailure => {
  if (session.failure !== null) return { ...session.failure, errorType: "ToolRuntimeInvocationError" };
  if (session.signal.aborted) return noAnswer(name, timeoutMs);
  const problem = [describeError(error), session.said.trim()].filter((part) => part !== "").join(": ");
  return toolFailure(message("tool.server-failed", { server: name, problem: verbatim(problem) }));
};

/** Opens a session, uses it and ends it. Rejects only with the reason of an abort, or with an error of ours. */
const withSession = async <T>(
  server: McpServer,
  http: HttpClient,
  signal: AbortSignal,
  use: (client: Client, signal: AbortSignal) => Promise<NodeResult<T>>,
): Promise<NodeResult<T>> => {
  const session: Session = {
    signal: AbortSignal.any([signal, AbortSignal.timeout(server.timeoutMs)]),
    failure: null,
    said: "",
  };
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const client = new Client(CLIENT);
  let end: Opened["end"] = async () => undefined;
  try {
    const opened = await openTransport(server, http, session);
    end = opened.end;
    await client.connect(opened.transport, { signal: session.signal, timeout: server.timeoutMs });
    return await use(client, session.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ReviewflowError) throw error;
    return explain(server, session, error);
  } finally {
    // A server that does not end a session as it should is its own affair.
    await end().catch(() => undefined);
    await client.close().catch(() => undefined);
  }
};

const listTools = async (client: Client, signal: AbortSignal): Promise<readonly McpToolEntry[]> => {
  const { ListToolsResultSchema } = await import("@modelcontextprotocol/sdk/types.js");
  const tools: McpToolEntry[] = [];
  let cursor: string | undefined;
  let length = 0;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const listed = await client.request({ method: "tools/list", params }, ListToolsResultSchema, { signal });
    tools.push(...listed.tools);
    length += JSON.stringify(listed.tools).length;
    cursor = listed.nextCursor;
    // What is beyond is not known, and kept for nobody.
    if (cursor === undefined || length > MAX_ANSWER_BYTES) break;
  }
  return tools;
};

/** Dify sends neither null nor blank texts. */
const withoutBlanks = (values: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries<Json>(values).filter(
      ([, value]) => value !== null && !(typeof value === "string" && value.trim() === ""),
    ),
  );

type Gathered = { text: string; json: Json[]; files: JsonObject[] };

/** A text as Dify takes it: JSON objects become `json`, all else is text. */
const addText = (gathered: Gathered, text: string): void => {
  const trimmed = text.trim();
  const parsed = /^[{[]/.test(trimmed) ? Json.safeParse(parseJson(trimmed)).data : undefined;
  if (isJsonObject(parsed)) gathered.json.push(parsed);
  else if (isJsonArray(parsed) && parsed.every(isJsonObject)) gathered.json.push(...parsed);
  else gathered.text += isJsonArray(parsed) ? pythonStr(parsed) : text;
};

const addFile = (gathered: Gathered, base64: string, mimeType: string | undefined): void => {
  gathered.files.push(
    describeFile(Buffer.from(base64, "base64"), "", mimeType ?? "application/octet-stream"),
  );
};

/** A result in Dify's form (its MCP tool); an empty object gives no JSON, as there. */
const toAnswer = ({ content, structuredContent }: CallToolResult): NodeResult<ToolAnswer> => {
  const gathered: Gathered = { text: "", json: [], files: [] };
  for (const part of content) {
    if (part.type === "text") addText(gathered, part.text);
    else if (part.type === "image" || part.type === "audio") addFile(gathered, part.data, part.mimeType);
    else if (part.type === "resource") {
      if ("text" in part.resource) gathered.text += part.resource.text;
      else addFile(gathered, part.resource.blob, part.resource.mimeType);
    }
  }
  const json = gathered.json.filter((value) => !isJsonObject(value) || Object.keys(value).length > 0);
  return toolAnswer({ ...gathered, json, variables: JsonObject.parse(structuredContent ?? {}) });
};

/** The tools of a server. */
export const createMcpTools = (
  server: McpServer,
  http: HttpClient,
  clock: Clock,
): ((tool: string) => Tool) => {
  let known: { readonly tools: readonly McpToolEntry[]; readonly atMs: number } | null = null;
  const find = async (
    client: Client,
    signal: AbortSignal,
    name: string,
  ): Promise<NodeResult<McpToolEntry>> => {
    if (known === null || clock.now() - known.atMs >= LISTED_MS)
      known = { tools: await listTools(client, signal), atMs: clock.now() };
    const tool = known.tools.find((one) => one.name === name);
    if (tool !== undefined) return { ok: true, value: tool };
    const names = known.tools.map((one) => one.name);
    return toolFailure(
      message("tool.unknown", { tool: name, server: server.name, known: names }),
      "ToolRuntimeResolutionError",
    );
  };
  return (name) => ({
    describe: async ({ signal }) =>
      await withSession(server, http, signal, async (client, within) => {
        const found = await find(client, within, name);
        if (!found.ok) return found;
        const { description = "", inputSchema } = found.value;
        return { ok: true, value: { description, parameters: JsonObject.parse(inputSchema) } };
      }),
    invoke: async ({ parameters, settings, signal }) =>
      await withSession(server, http, signal, async (client, within) => {
        const found = await find(client, within, name);
        if (!found.ok) return found;
        const { CallToolResultSchema } = await import("@modelcontextprotocol/sdk/types.js");
        const schema = JsonObject.parse(found.value.inputSchema);
        const values = castParameters(schema, withoutBlanks({ ...parameters, ...settings }));
        const params = { name, arguments: { ...values } };
        const options = { signal: within, timeout: server.timeoutMs };
        return toAnswer(
          await client.request({ method: "tools/call", params }, CallToolResultSchema, options),
        );
      }),
  });
};
