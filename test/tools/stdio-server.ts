/** A server of tools on standard input and output, whose one tool says what it sees of the environment. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

// oxlint-disable-next-line typescript/no-deprecated -- the schema of its tool is plain JSON
const server = new Server({ name: "stdio", version: "1" }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: [{ name: "environment", inputSchema: { type: "object" } }],
}));
server.setRequestHandler(CallToolRequestSchema, () => ({
  content: [{ type: "text", text: JSON.stringify(process.env) }],
}));
await server.connect(new StdioServerTransport());
