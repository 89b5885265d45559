import type { Clock } from "../base/clock.ts";
import type { Secret } from "../base/secret.ts";
import type { CodeRunner, HttpClient, ToolReference, ToolRunner } from "../flow/ports.ts";
import { message } from "../messages/message.ts";
import type { BuiltinTool } from "./builtin/builtin-tool.ts";
import { TIME_TOOLS } from "./builtin/time.ts";
import { castParameters } from "./cast-parameters.ts";
import { objectSchema, type Tool, toolFailure, toolKey } from "./tool.ts";

/** What tools are run with. */
export type ToolRunnerOptions = {
  readonly clock: Clock;
  readonly http: HttpClient;
  readonly code: CodeRunner;
  /** What the flow was given (`flows[].secrets`). No tool sees another one's. */
  readonly secrets: ReadonlyMap<string, Secret>;
};

const BUILTIN: ReadonlyMap<string, Readonly<Record<string, BuiltinTool>>> = new Map([["time", TIME_TOOLS]]);

/** A tool of ours, by the last part of its provider: a plugin that took the place of a built-in one keeps its name. */
const builtinOf = ({ providerType, providerId, toolName }: ToolReference): BuiltinTool | undefined => {
  if (providerType !== "builtin" && providerType !== "plugin") return undefined;
  const tools = BUILTIN.get(providerId.split("/").at(-1) ?? "");
  return tools !== undefined && Object.hasOwn(tools, toolName) ? tools[toolName] : undefined;
};

const fromBuiltin = (tool: BuiltinTool, { clock, http, code, secrets }: ToolRunnerOptions): Tool => ({
  describe: async () => ({ ok: true, value: { description: tool.description, parameters: tool.parameters } }),
  invoke: async ({ parameters, settings, signal }) =>
    await tool.run(
      {
        ...castParameters(tool.parameters, parameters),
        ...castParameters(objectSchema(tool.settings), settings),
      },
      {
        clock,
        http,
        code,
        signal,
        secret: (name) =>
          tool.secrets?.includes(name) === true ? (secrets.get(name)?.reveal() ?? null) : null,
      },
    ),
});

/** The line of settings that has a tool run. */
const settingFor = ({ providerType, providerId, toolName }: ToolReference): string => {
  const key = JSON.stringify(toolKey({ providerId, toolName }));
  if (providerType === "mcp") return `mcp_servers: {${JSON.stringify(providerId)}: {url: https://…}}`;
  if (providerType === "workflow") return `tools: {${key}: "flow:FILE.yml"}`;
  return `tools: {${key}: "${providerType === "api" ? "openapi" : "mcp"}:NAME/${toolName}"}`;
};

const notSet = (tool: ToolReference) =>
  toolFailure(
    message("tool.not-set", { tool: tool.toolName, provider: tool.providerId, setting: settingFor(tool) }),
    "ToolRuntimeResolutionError",
  );

/** Runs the tools that are set up; every other fails by name, with the line of settings that has it run. */
export const createToolRunner = (options: ToolRunnerOptions): ToolRunner => {
  const find = (reference: ToolReference): Tool | undefined => {
    const builtin = builtinOf(reference);
    return builtin === undefined ? undefined : fromBuiltin(builtin, options);
  };
  return {
    invoke: async (request) => (await find(request)?.invoke(request)) ?? notSet(request),
    describe: async (request) => {
      const described = (await find(request)?.describe(request)) ?? notSet(request);
      return described.ok ? { ok: true, value: { name: request.toolName, ...described.value } } : described;
    },
  };
};
