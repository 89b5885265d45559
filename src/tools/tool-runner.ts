import type { Clock } from "../base/clock.ts";
import { beginningOf } from "../base/cut-text.ts";
import type { JsonObject } from "../base/json.ts";
import { maskValues, secretsIn } from "../base/mask-values.ts";
import { Secret } from "../base/secret.ts";
import type { FlowLimits } from "../flow/engine/limits.ts";
import { rewriteTexts } from "../flow/engine/mask.ts";
import type { Flow } from "../flow/flow.ts";
import type { FlowPorts } from "../flow/node.ts";
import type {
  CodeRunner,
  HttpClient,
  NodeFailure,
  NodeResult,
  ToolAnswer,
  ToolReference,
  ToolRunner,
} from "../flow/ports.ts";
import { isJsonObject } from "../flow/value-type.ts";
import { mapTexts } from "../flow/messages/message.ts";
import { message } from "../messages/message.ts";
import type { BuiltinTool } from "./builtin/builtin-tool.ts";
import { castParameters } from "./cast-parameters.ts";
import type { McpServer } from "./mcp.ts";
import type { OpenApiService } from "./openapi.ts";
import { objectSchema, type Tool, toolFailure, toolKey } from "./tool.ts";

/** Where a tool of a file runs. */
export type ToolTarget =
  | { readonly kind: "mcp"; readonly server: string; readonly tool: string }
  | { readonly kind: "openapi"; readonly service: string; readonly operation: string }
  | { readonly kind: "flow"; readonly path: string };

/** The tools that a flow was given. */
export type ToolSettings = {
  /** Where its file's tools run, by provider and tool; wins over Dify's own that run here. */
  readonly targets: Readonly<Record<string, ToolTarget>>;
  /** The workflow files among them, by path. */
  readonly flows: ReadonlyMap<string, Flow>;
  /** What the flow was given (`flows[].secrets`). */
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly limits: Partial<FlowLimits>;
};

/** What all flows of a server share. */
export type ToolServers = {
  readonly mcpServers: readonly McpServer[];
  readonly openApiServices: readonly OpenApiService[];
  readonly clock: Clock;
  readonly http: HttpClient;
  readonly code: CodeRunner;
};

/** Makes the tools of a run, which runs on `ports`. */
export type RunTools = (ports: Omit<FlowPorts, "tools">) => ToolRunner;

/** The longest text and JSON of an answer together, in characters: what an HTTP request of a flow may bring, too. */
const LONGEST_ANSWER = 1024 * 1024;
const MOST_FILES = 20;
/** What a server says of a tool is in every prompt of an agent that may call it: the longest description, which is cut, and the longest schema of its parameters, in characters. */
const LONGEST_DESCRIPTION = 4_000;
const LONGEST_SCHEMA = 100_000;

/** What runs of a provider of Dify's. */
type BuiltinProvider = {
  readonly tools: readonly string[];
  /** The one secret of the flow that its tools are given, by the name that Dify has for it, and whether they need it. */
  readonly secret?: { readonly name: string; readonly isNeeded: boolean };
};

/** Dify's own tools that run here, by the last part of their provider: a plugin that took the place of one keeps its name. */
const BUILTIN: Readonly<Record<string, BuiltinProvider>> = {
  code: { tools: ["simple_code"] },
  jina: { tools: ["jina_reader", "jina_search"], secret: { name: "jina_api_key", isNeeded: false } },
  searxng: { tools: ["searxng_search"], secret: { name: "searxng_base_url", isNeeded: true } },
  tavily: {
    tools: ["tavily_search", "tavily_extract"],
    secret: { name: "tavily_api_key", isNeeded: true },
  },
  time: {
    tools: [
      "current_time",
      "localtime_to_timestamp",
      "timestamp_to_localtime",
      "timezone_conversion",
      "weekday",
    ],
  },
  webscraper: { tools: ["webscraper"] },
};

const providerOf = ({ providerId }: ToolReference): string => providerId.split("/").at(-1) ?? "";

const builtinOf = (tool: ToolReference): BuiltinProvider | undefined => {
  const { providerType, toolName } = tool;
  const provider = providerOf(tool);
  const found = Object.hasOwn(BUILTIN, provider) ? BUILTIN[provider] : undefined;
  const isOurs = found?.tools.includes(toolName) === true;
  return isOurs && (providerType === "builtin" || providerType === "plugin") ? found : undefined;
};

/** The name of the secret that a tool is given where it runs here; undefined where there is none. */
export const secretOfTool = (tool: ToolReference): string | undefined => builtinOf(tool)?.secret?.name;

const loadBuiltin = async (tool: ToolReference): Promise<BuiltinTool | undefined> => {
  const { toolName } = tool;
  const provider = providerOf(tool);
  if (provider === "time") return (await import("./builtin/time.ts")).TIME_TOOLS[toolName];
  if (provider === "code") return (await import("./builtin/code.ts")).CODE_TOOLS[toolName];
  return (await import("./builtin/web.ts")).WEB_TOOLS[provider]?.[toolName];
};

const fromBuiltin = (
  tool: BuiltinTool,
  { clock, http, code, documents }: ToolServers & Pick<FlowPorts, "documents">,
  secret: Secret | undefined,
): Tool => {
  const { parameters: schema, settings: set, description, run } = tool;
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  // What is a setting in one version of a plugin is a parameter in the next.
  const all = objectSchema({ ...properties, ...set });
  return {
    describe: async () => ({ ok: true, value: { description, parameters: schema } }),
    invoke: async ({ parameters, settings, signal }) =>
      await run(castParameters(all, { ...parameters, ...settings }), {
        clock,
        http,
        code,
        documents,
        signal,
        secret: secret?.reveal() ?? null,
      }),
  };
};

/** How a tool of a file runs, or why it does not. */
export type ToolPlan =
  | {
      readonly kind: "builtin";
      /** The secret of the flow that it is given; null where there is none. */
      readonly secret: string | null;
    }
  | ToolTarget
  | {
      readonly kind: "missing";
      /** The line of settings that has it run. */
      readonly setting: string;
    };

/** How a tool runs with these settings, and secrets of its flow by name. An MCP server that is named as in the file needs no further line. */
export const planTool = (
  tool: ToolReference,
  targets: ToolSettings["targets"],
  mcpServers: ReadonlySet<string>,
  secrets: ReadonlySet<string>,
): ToolPlan => {
  const key = toolKey(tool);
  const target = Object.hasOwn(targets, key) ? targets[key] : undefined;
  if (target !== undefined) return target;
  const { providerType, providerId, toolName } = tool;
  if (providerType === "mcp" && mcpServers.has(providerId))
    return { kind: "mcp", server: providerId, tool: toolName };
  const builtin = builtinOf(tool);
  if (builtin === undefined) return { kind: "missing", setting: settingFor(tool) };
  const { name, isNeeded } = builtin.secret ?? { name: null, isNeeded: false };
  if (name !== null && secrets.has(name)) return { kind: "builtin", secret: name };
  return name !== null && isNeeded
    ? { kind: "missing", setting: `secrets: {${name}: "\${${name.toUpperCase()}}"}` }
    : { kind: "builtin", secret: null };
};

const settingFor = (tool: ToolReference): string => {
  const { providerType, providerId, toolName } = tool;
  const key = JSON.stringify(toolKey(tool));
  if (providerType === "mcp") return `mcp_servers: {${JSON.stringify(providerId)}: {url: https://…}}`;
  if (providerType === "workflow") return `flows[].tools: {${key}: "flow:FILE.yml"}`;
  return `flows[].tools: {${key}: "${providerType === "api" ? "openapi" : "mcp"}:NAME/${toolName}"}`;
};

const mapObject = (value: JsonObject, map: (text: string) => string): JsonObject => {
  const mapped = rewriteTexts(value, map);
  return isJsonObject(mapped) ? mapped : value;
};

const maskFailure = (failure: NodeFailure, mask: (text: string) => string): NodeFailure => ({
  ...failure,
  message: mask(failure.message),
  ...(failure.host === undefined ? {} : { host: mapTexts(failure.host, mask) }),
});

/** A file whose content travels inside of it is masked there; content that is packed cannot be looked into. */
const maskFile = (file: JsonObject, mask: (text: string) => string): JsonObject => {
  const { url: address } = file;
  const [, head, base64 = ""] =
    (typeof address === "string" ? /^(data:[^,]*;base64,)(.*)$/s.exec(address) : null) ?? [];
  if (head === undefined) return mapObject(file, mask);
  const bytes = Buffer.from(base64, "base64");
  const shown = Buffer.from(mask(bytes.toString("latin1")), "latin1");
  if (shown.equals(bytes)) return mapObject(file, mask);
  const url = `${head}${shown.toString("base64")}`;
  return mapObject({ ...file, url, remote_url: url, size: shown.length }, mask);
};

const maskAnswer = (
  { text, json, variables, files, ...rest }: ToolAnswer,
  mask: (text: string) => string,
): ToolAnswer => ({
  ...rest,
  text: mask(text),
  json: json.map((value) => rewriteTexts(value, mask)),
  variables: mapObject(variables, mask),
  files: files.map((file) => maskFile(file, mask)),
});

/** What a server answers never holds the secrets that it was sent, wherever it repeats them. */
const withoutSecrets = (tool: Tool, secrets: readonly Secret[]): Tool => {
  const mask = maskValues(secrets);
  return {
    describe: async (request) => {
      const result = await tool.describe(request);
      if (!result.ok) return maskFailure(result, mask);
      const { description, parameters } = result.value;
      return { ok: true, value: { description: mask(description), parameters: mapObject(parameters, mask) } };
    },
    invoke: async (request) => {
      const result = await tool.invoke(request);
      return result.ok ? { ok: true, value: maskAnswer(result.value, mask) } : maskFailure(result, mask);
    },
  };
};

/** Keys in an address are as secret as those in headers. */
const secretsOfAddress = (url: string): readonly Secret[] =>
  [...new URL(url).searchParams.values()].map((value) => new Secret(value));

const bounded = (result: NodeResult<ToolAnswer>, tool: ToolReference): NodeResult<ToolAnswer> => {
  if (!result.ok) return result;
  const { text, json, variables, files } = result.value;
  const length = text.length + JSON.stringify(json).length + JSON.stringify(variables).length;
  return length <= LONGEST_ANSWER && files.length <= MOST_FILES
    ? result
    : toolFailure(
        message("tool.answer-too-long", { tool: tool.toolName, most: LONGEST_ANSWER, files: MOST_FILES }),
      );
};

/** Makes `of` once for each name, with what it has learnt of it kept. */
const onceEach = <T>(
  make: (name: string) => Promise<T> | undefined,
): ((name: string) => Promise<T> | undefined) => {
  const made = new Map<string, Promise<T> | undefined>();
  return (name) => {
    const known = made.get(name) ?? make(name);
    made.set(name, known);
    return known;
  };
};

/**
 * The tools of all flows of a server. What speaks to servers is loaded when the first tool needs it. A tool that is not
 * set up fails by name, with the line of settings that has it run; one that does not answer fails within its time.
 */
export const createTools = (servers: ToolServers): ((settings: ToolSettings) => RunTools) => {
  const { mcpServers, openApiServices, http, clock } = servers;
  const mcp = onceEach((name) => {
    const server = mcpServers.find((one) => one.name === name);
    return (
      server &&
      import("./mcp.ts").then(({ createMcpTools }) => ({ server, of: createMcpTools(server, http, clock) }))
    );
  });
  const openApi = onceEach((name) => {
    const service = openApiServices.find((one) => one.name === name);
    return (
      service &&
      import("./openapi.ts").then(({ createOpenApiTools }) => ({
        service,
        of: createOpenApiTools(service, http, clock),
      }))
    );
  });
  const names = new Set(mcpServers.map(({ name }) => name));
  return ({ targets, flows, secrets, limits }) =>
    (ports) => {
      const given = new Set(secrets.keys());
      const find = async (reference: ToolReference): Promise<Tool | NodeFailure> => {
        const plan = planTool(reference, targets, names, given);
        const refusal = (setting: string): NodeFailure =>
          toolFailure(
            message("tool.not-set", { tool: reference.toolName, provider: reference.providerId, setting }),
            "ToolRuntimeResolutionError",
          );
        switch (plan.kind) {
          case "missing":
            return refusal(plan.setting);
          case "builtin": {
            const builtin = await loadBuiltin(reference);
            if (builtin === undefined) return refusal(settingFor(reference));
            const secret = plan.secret === null ? undefined : secrets.get(plan.secret);
            const tool = fromBuiltin(builtin, { ...servers, documents: ports.documents }, secret);
            return secret === undefined ? tool : withoutSecrets(tool, [secret]);
          }
          case "mcp": {
            const found = await mcp(plan.server);
            if (found === undefined) return refusal(`mcp_servers: {${plan.server}: {url: https://…}}`);
            const { server, of } = found;
            const inUrl = server.kind === "http" ? secretsOfAddress(server.url) : [];
            return withoutSecrets(of(plan.tool), [...secretsIn(server), ...inUrl]);
          }
          case "openapi": {
            const found = await openApi(plan.service);
            if (found === undefined) return refusal(`openapi_services: {${plan.service}: {url: https://…}}`);
            return withoutSecrets(found.of(plan.operation), secretsIn(found.service));
          }
          case "flow": {
            const flow = flows.get(plan.path);
            if (flow === undefined)
              return refusal(`flows[].tools: {"${toolKey(reference)}": "flow:${plan.path}"}`);
            const { createFlowTool } = await import("./flow-tool.ts");
            return createFlowTool({ flow, ports: { ...ports, tools: runner }, secrets, clock, limits });
          }
          default:
            return plan satisfies never;
        }
      };
      const runner: ToolRunner = {
        invoke: async (request) => {
          const tool = await find(request);
          return "invoke" in tool ? bounded(await tool.invoke(request), request) : tool;
        },
        describe: async (request) => {
          const tool = await find(request);
          if (!("describe" in tool)) return tool;
          const described = await tool.describe(request);
          if (!described.ok) return described;
          const { description, parameters } = described.value;
          if (JSON.stringify(parameters).length > LONGEST_SCHEMA)
            return toolFailure(
              message("tool.schema-too-long", { tool: request.toolName, most: LONGEST_SCHEMA }),
            );
          return {
            ok: true,
            value: {
              name: request.toolName,
              description: beginningOf(description, LONGEST_DESCRIPTION),
              parameters,
            },
          };
        },
      };
      return runner;
    };
};
