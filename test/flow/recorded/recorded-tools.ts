import { load } from "js-yaml";
import { z } from "zod";
import { systemClock } from "../../../src/base/clock.ts";
import { Json, JsonObject } from "../../../src/base/json.ts";
import { createGuardedHttpClient } from "../../../src/egress/guarded-http-client.ts";
import { NO_USAGE } from "../../../src/flow/flow-event.ts";
import type { FlowPorts } from "../../../src/flow/node.ts";
import type { ToolAnswer, ToolRequest, ToolRunner } from "../../../src/flow/ports.ts";
import { FILE_IDENTITY, isJsonObject } from "../../../src/flow/value-type.ts";
import { createTools, type ToolTarget } from "../../../src/tools/tool-runner.ts";
import { startMcpServer } from "../../tools/mcp-server.ts";

/** What is part of Dify itself: its records have the scripted answer as well, which comes through the port. */
const BUILTIN: ReadonlySet<string> = new Set(["time", "audio", "code", "webscraper"]);

const ToolNode = z.object({
  data: z.object({
    type: z.literal("tool"),
    provider_id: z.string(),
    provider_name: z.string(),
    tool_name: z.string(),
    tool_parameters: z.record(z.string(), Json).nullish(),
  }),
});
const File = z.object({
  workflow: z.object({ graph: z.object({ nodes: z.array(z.unknown()) }) }),
});

/** A tool of a file, with the parameters that its nodes give it in today's form. */
type Tool = {
  readonly id: string;
  readonly key: string;
  readonly shown: string;
  readonly name: string;
  readonly blanks: readonly string[];
};

/** Whether a parameter is given at all, if only as a text that is blank in the end. */
const isGiven = (input: Json): boolean => isJsonObject(input) && (input["value"] ?? null) !== null;

const toolsOf = (text: string): readonly Tool[] =>
  File.parse(load(text)).workflow.graph.nodes.flatMap((one) => {
    const node = ToolNode.safeParse(one);
    if (!node.success) return [];
    const {
      provider_id: id,
      provider_name: provider,
      tool_name: name,
      tool_parameters: parameters,
    } = node.data.data;
    const blanks = Object.entries(parameters ?? {}).flatMap(([key, input]) => (isGiven(input) ? [key] : []));
    return [{ id, key: `${id}/${name}`, shown: `tool:${provider}/${name}`, name, blanks }];
  });

/** A file as the records' engine shows one in a text, which is compared as any file. */
const shownValue = (value: Json): Json =>
  isJsonObject(value) && value["dify_model_identity"] === FILE_IDENTITY
    ? "dify_model_identity='__dify__file__'"
    : value;

const answerOf = (tool: Tool, parameters: JsonObject): JsonObject => ({
  tool: tool.name,
  parameters: Object.fromEntries(
    Object.entries<Json>(parameters).map(([name, value]) => [name, shownValue(value)]),
  ),
});

/**
 * The tools of a file, answering as they did for Dify's engine: those that are part of Dify through the port, every other
 * on a server that the settings put in its place. MCP sends no blank texts, for which its server knows the defaults.
 */
export const startRecordedTools = async (
  text: string,
  ports: Omit<FlowPorts, "tools">,
): Promise<ToolRunner & AsyncDisposable> => {
  const tools = new Map(toolsOf(text).map((tool) => [tool.key, tool]));
  const elsewhere = [...tools.values()].filter(({ id }) => !BUILTIN.has(id));
  const scripted = ({ providerId, toolName, parameters }: ToolRequest): ToolAnswer => {
    const tool = tools.get(`${providerId}/${toolName}`);
    if (tool === undefined) throw new Error(`The file has no tool ${providerId}/${toolName}.`);
    return {
      text: tool.shown,
      json: [answerOf(tool, parameters)],
      files: [],
      variables: {},
      usage: NO_USAGE,
    };
  };
  const server =
    elsewhere.length === 0
      ? null
      : await startMcpServer({
          tools: elsewhere.map(({ key }) => ({ name: key, inputSchema: { type: "object" } })),
          call: (name, values) => {
            const tool = tools.get(name);
            if (tool === undefined) throw new Error(`no tool ${name}`);
            const blanks = Object.fromEntries(tool.blanks.map((key) => [key, ""]));
            const given = JsonObject.parse(values);
            const json = answerOf(tool, { ...blanks, ...given });
            return {
              content: [
                { type: "text", text: tool.shown },
                { type: "text", text: JSON.stringify(json) },
              ],
            };
          },
        });
  const targets = Object.fromEntries(
    elsewhere.map(({ key }): readonly [string, ToolTarget] => [
      key,
      { kind: "mcp", server: "recorded", tool: key },
    ]),
  );
  const runner = createTools({
    mcpServers:
      server === null
        ? []
        : [{ name: "recorded", kind: "http", url: server.url, headers: {}, timeoutMs: 60_000 }],
    openApiServices: [],
    clock: systemClock,
    http: createGuardedHttpClient({ allow: ["127.0.0.1"] }),
    code: ports.code,
  })({ targets, flows: new Map(), secrets: new Map(), limits: {} })(ports);
  return {
    // What the file sets once and for all is no part of the records.
    invoke: async (request) =>
      BUILTIN.has(request.providerId)
        ? { ok: true, value: scripted(request) }
        : await runner.invoke({ ...request, settings: {} }),
    describe: runner.describe,
    [Symbol.asyncDispose]: async () => {
      await server?.[Symbol.asyncDispose]();
    },
  };
};
