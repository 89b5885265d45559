import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { Server as McpProtocol } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
  type Tool,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";

/** What a test's server of tools does. */
export type McpScript = {
  readonly tools: readonly Tool[];
  readonly call: (
    name: string,
    values: Readonly<Record<string, unknown>>,
  ) => CallToolResult | Promise<CallToolResult>;
};

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return `http://127.0.0.1:${port}`;
};

/** Serves a handler on loopback until it is disposed of. */
export const startServer = async (
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<AsyncDisposable & { readonly url: string }> => {
  const server = createServer(handle);
  const url = await listen(server);
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** A server of tools by the SDK itself, with what was sent to it: methods and headers. */
export const startMcpServer = async (script: McpScript) => {
  const seen: { readonly method: string; readonly headers: IncomingMessage["headers"] }[] = [];
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => `session-${sessions.size + 1}`,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    // oxlint-disable-next-line typescript/no-deprecated -- the schemas of tools are plain JSON here
    const protocol = new McpProtocol({ name: "test", version: "1" }, { capabilities: { tools: {} } });
    protocol.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [...script.tools] }));
    protocol.setRequestHandler(CallToolRequestSchema, ({ params }) =>
      script.call(params.name, params.arguments ?? {}),
    );
    await protocol.connect(transport);
    return transport;
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const parsed: unknown = body === "" ? undefined : JSON.parse(body);
    const { method = request.method ?? "" } = z
      .object({ method: z.string() })
      .partial()
      .parse(parsed ?? {});
    seen.push({ method, headers: request.headers });
    const id = request.headers["mcp-session-id"];
    const known = typeof id === "string" ? sessions.get(id) : undefined;
    await (known ?? (await open())).handleRequest(request, response, parsed);
  };
  const server = await startServer((request, response) => void answer(request, response));
  return { ...server, url: `${server.url}/mcp`, seen };
};
