import { z } from "zod";
import { problemCode, refuse } from "../base/data-problems.ts";
import { problemAt } from "../base/errors.ts";
import type { Secret } from "../base/secret.ts";
import { type Message, message } from "../messages/message.ts";
import { address, addressWithQuery, duration, secretText } from "./schema-values.ts";

/** Where a tool of a workflow file runs. `NAME/REST` is split at the first slash. */
export type ToolTargetConfig =
  | { readonly kind: "mcp"; readonly server: string; readonly tool: string }
  | { readonly kind: "openapi"; readonly service: string; readonly operation: string }
  | { readonly kind: "flow"; readonly path: string };

/** A server of tools. Times are in milliseconds. */
export type McpServerConfig = { readonly name: string; readonly timeoutMs: number } & (
  | { readonly kind: "http"; readonly url: string; readonly headers: Readonly<Record<string, Secret>> }
  | {
      readonly kind: "stdio";
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, Secret>>;
    }
);

/** A service that an OpenAPI document describes. Times are in milliseconds. */
export type OpenApiServiceConfig = {
  readonly name: string;
  readonly document:
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "url"; readonly url: string };
  /** In place of the first server of the document; null for that. */
  readonly baseUrl: string | null;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly timeoutMs: number;
};

const toolText = (text: string, context: z.RefinementCtx): ToolTargetConfig => {
  const [, kind, name = "", rest = ""] = /^(mcp|openapi):([\w.-]{1,64})\/(.+)$/.exec(text) ?? [];
  if (kind === "mcp") return { kind, server: name, tool: rest };
  if (kind === "openapi") return { kind, service: name, operation: rest };
  const path = /^flow:(.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: "flow", path };
  return refuse(
    context,
    message("config.not-a-tool", { example: "mcp:NAME/TOOL, openapi:NAME/OPERATION, flow:FILE" }),
  );
};

/** The tools of a workflow file, by provider and tool. */
export const ToolsSection = z
  .record(
    z.string().regex(/^[^/].*\/[^/]+$/, problemCode("config.not-a-tool-name")),
    z.string().meta({ takes: "tool" }).transform(toolText),
  )
  .default({});

const serverName = z.string().regex(/^[\w.-]{1,64}$/, problemCode("config.not-a-name"));
const secrets = z.record(z.string().min(1), secretText).default({});

/** Servers of tools, by the operator's names for them: each at an address, or a command that is started for every call. */
export const McpServersSection = z
  .record(
    serverName,
    z.strictObject({
      url: addressWithQuery.optional(),
      headers: secrets,
      command: z.string().min(1).optional(),
      args: z.array(z.string()).default([]),
      env: secrets,
      timeout: duration("60s"),
    }),
  )
  .default({});

/** Services with an OpenAPI document, by the operator's names for them. */
export const OpenApiServicesSection = z
  .record(
    serverName,
    z.strictObject({
      file: z.string().min(1).optional(),
      url: addressWithQuery.optional(),
      base_url: address.nullable().default(null),
      headers: secrets,
      timeout: duration("60s"),
    }),
  )
  .default({});

type Sections = {
  readonly mcp_servers: z.infer<typeof McpServersSection>;
  readonly openapi_services: z.infer<typeof OpenApiServicesSection>;
};

/** The servers and services as the program uses them. */
export const toToolServers = (
  file: Sections,
  near: (relative: string) => string,
): {
  readonly mcpServers: readonly McpServerConfig[];
  readonly openApiServices: readonly OpenApiServiceConfig[];
} => ({
  mcpServers: Object.entries(file.mcp_servers).map(
    ([name, { url, headers, command = "", args, env, timeout }]) =>
      url === undefined
        ? { name, timeoutMs: timeout, kind: "stdio", command, args, env }
        : { name, timeoutMs: timeout, kind: "http", url, headers },
  ),
  openApiServices: Object.entries(file.openapi_services).map(([name, one]) => ({
    name,
    document:
      one.url === undefined ? { kind: "file", path: near(one.file ?? "") } : { kind: "url", url: one.url },
    baseUrl: one.base_url,
    headers: one.headers,
    timeoutMs: one.timeout,
  })),
});

type Tools = Readonly<Record<string, ToolTargetConfig>>;
type WithTools = { readonly tools: Tools };

/** What of a flow's section has tools. */
type FlowSection = WithTools & {
  readonly passes: readonly WithTools[];
} & { readonly [Part in "verify" | "summary" | "reply" | "shadow"]?: WithTools | null | undefined };

/** The maps of tools in a flow's section, each with its key. */
const mapsOf = (flow: FlowSection, key: string): readonly (readonly [key: string, tools: Tools])[] => [
  [`${key}.tools`, flow.tools],
  ...flow.passes.map(({ tools }, index) => [`${key}.passes[${index}].tools`, tools] as const),
  ...(["verify", "summary", "reply", "shadow"] as const).flatMap((part) => {
    const section = flow[part];
    return section === null || section === undefined
      ? []
      : [[`${key}.${part}.tools`, section.tools] as const];
  }),
];

/** What no single key of tools shows: a server that is neither or both of two kinds, a tool on one that is not set up. */
export const checkTools = (
  file: Sections & { readonly flows: readonly FlowSection[] },
): readonly Message[] => [
  ...Object.entries(file.mcp_servers).flatMap(([name, { url, command }]) =>
    eitherOf(`mcp_servers.${name}`, { url, command }),
  ),
  ...Object.entries(file.openapi_services).flatMap(([name, { file: path, url }]) =>
    eitherOf(`openapi_services.${name}`, { file: path, url }),
  ),
  ...file.flows
    .flatMap((flow, index) => mapsOf(flow, `flows[${index}]`))
    .flatMap(([key, tools]) =>
      Object.entries(tools).flatMap(([tool, target]) => unknownServer(file, `${key}["${tool}"]`, target)),
    ),
];

const eitherOf = (
  key: string,
  settings: Readonly<Record<string, string | undefined>>,
): readonly Message[] => {
  const [one = "", other = ""] = Object.keys(settings);
  const given = Object.values(settings).filter((value) => value !== undefined);
  return given.length === 1 ? [] : [problemAt(key, message("config.either", { one, other }))];
};

const unknownServer = (file: Sections, key: string, target: ToolTargetConfig): readonly Message[] => {
  if (target.kind === "flow") return [];
  const [section, name] =
    target.kind === "mcp"
      ? (["mcp_servers", target.server] as const)
      : (["openapi_services", target.service] as const);
  return Object.hasOwn(file[section], name)
    ? []
    : [problemAt(key, message("config.tool-server-unknown", { name, section }))];
};
