import { createContext, runInContext } from "node:vm";
import { z } from "zod";
import { Json, JsonObject } from "../../src/base/json.ts";
import type { FlowPorts } from "../../src/flow/node.ts";
import { NO_USAGE } from "../../src/flow/flow-event.ts";
import type {
  CodeRequest,
  HttpRequest,
  KnowledgeRequest,
  ModelRequest,
  NodeFailure,
  NodeResult,
  TemplateRequest,
  ToolAnswer,
  ToolDescription,
  ToolReference,
  ToolRequest,
} from "../../src/flow/ports.ts";
import { pythonStr } from "../../src/flow/value-text.ts";

const Failure = z.object({ errorType: z.string(), message: z.string() });

/**
 * What the world outside answers in a test. Everything is deterministic: the model answers by the first
 * rule whose `when` is part of the last message (or echoes it), HTTP by method and URL. `fail` answers
 * that many calls of the rule with a failure first.
 */
export const PortScript = z.object({
  model: z
    .array(
      z.object({
        when: z.string().default(""),
        text: z.string().default(""),
        /** Streamed pieces; the text as one piece when left out. */
        chunks: z.array(z.string()).optional(),
        reasoning: z.string().default(""),
        /** The tools that it calls, where it is offered any. */
        calls: z.array(z.object({ name: z.string(), arguments: z.string().default("{}") })).default([]),
        tokens: z.number().default(10),
        error: Failure.optional(),
        fail: z.number().default(0),
      }),
    )
    .default([]),
  http: z
    .record(
      z.string(),
      z.object({
        status: z.number().default(200),
        headers: z.record(z.string(), z.string()).default({}),
        body: z.string().default(""),
        error: Failure.optional(),
        /** Statuses of the first calls, before `status`. */
        first: z.array(z.number()).default([]),
      }),
    )
    .default({}),
  /** By provider and tool, such as `time/current_time`; every other tool is not set up. */
  tools: z
    .record(
      z.string(),
      z.object({
        text: z.string().default(""),
        json: z.array(Json).default([{ data: [] }]),
        files: z.array(JsonObject).default([]),
        variables: JsonObject.default({}),
        tokens: z.number().default(0),
        description: z.string().default(""),
        parameters: JsonObject.default({ type: "object", properties: {} }),
        error: Failure.optional(),
      }),
    )
    .default({}),
  knowledge: z
    .array(
      z.object({
        datasetId: z.string(),
        title: z.string(),
        content: z.string(),
        score: z.number().default(1),
      }),
    )
    .default([]),
});
export type PortScript = z.infer<typeof PortScript>;

/** Every call that was made, in order. */
export type PortCalls = {
  readonly code: CodeRequest[];
  readonly template: TemplateRequest[];
  readonly model: ModelRequest[];
  readonly http: HttpRequest[];
  readonly knowledge: KnowledgeRequest[];
  readonly tools: ToolRequest[];
};

const failure = (errorType: string, message: string): NodeFailure => ({
  ok: false,
  errorType,
  message,
  retryable: true,
});

/** Runs the JavaScript of code nodes in place; `attempt` counts the runs of the same code and inputs. */
const runCode = (request: CodeRequest, attempts: Map<string, number>) => {
  const key = JSON.stringify([request.code, request.inputs]);
  const attempt = (attempts.get(key) ?? 0) + 1;
  attempts.set(key, attempt);
  try {
    const scope = createContext({ attempt, input: JSON.stringify(request.inputs) });
    const result: unknown = runInContext(
      `${request.code};JSON.stringify(main(JSON.parse(input)) ?? null)`,
      scope,
    );
    return { ok: true as const, value: Json.parse(JSON.parse(String(result))) };
  } catch (error) {
    const message =
      typeof error === "object" && error !== null && "message" in error ? String(error.message) : "";
    return failure("CodeExecutionError", message);
  }
};

/** Replaces `{{ name }}` and `{{ name.key }}`; fails on a `{% error %}` tag. No Jinja2 beyond that. */
const renderTemplate = ({ template, variables }: TemplateRequest) => {
  if (template.includes("{% error %}")) return failure("TemplateRenderError", "the template is broken");
  const value = template.replaceAll(
    /\{\{\s*(\w+)(?:\.(\w+))?\s*\}\}/g,
    (_match, name: string, key?: string) => {
      const found = variables[name] ?? null;
      const inner = key === undefined ? found : (JsonObject.parse(found)[key] ?? "");
      return pythonStr(inner);
    },
  );
  return { ok: true as const, value };
};

const callsOf = ({ tools }: ModelRequest, calls: PortScript["model"][number]["calls"] = []) =>
  tools === undefined ? [] : calls.map((call, at) => ({ id: `call-${at}`, ...call }));

const answerModel = (request: ModelRequest, script: PortScript, counts: Map<number, number>) => {
  const prompt = request.messages.at(-1)?.content ?? "";
  const index = script.model.findIndex((rule) => prompt.includes(rule.when));
  const rule = script.model[index];
  const count = (counts.get(index) ?? 0) + 1;
  counts.set(index, count);
  if (rule?.error !== undefined && (rule.fail === 0 || count <= rule.fail)) {
    return failure(rule.error.errorType, rule.error.message);
  }
  const chunks = rule?.chunks ?? [rule?.text ?? prompt];
  for (const chunk of chunks) request.onText?.(chunk);
  const tokens = rule?.tokens ?? 10;
  const usage = { ...NO_USAGE, totalTokens: tokens, promptTokens: tokens, completionTokens: 0 };
  const value = {
    text: chunks.join(""),
    reasoning: rule?.reasoning ?? "",
    finishReason: "stop",
    toolCalls: callsOf(request, rule?.calls),
    usage,
  };
  return { ok: true as const, value };
};

const answerHttp = (request: HttpRequest, script: PortScript, counts: Map<string, number>) => {
  const key = `${request.method.toUpperCase()} ${request.url}`;
  const route = script.http[key];
  if (route === undefined) return failure("HttpRequestNodeError", `no route for ${key}`);
  if (route.error !== undefined) return failure(route.error.errorType, route.error.message);
  const count = counts.get(key) ?? 0;
  counts.set(key, count + 1);
  const value = {
    status: route.first[count] ?? route.status,
    url: request.url,
    headers: Object.entries(route.headers),
    body: new TextEncoder().encode(route.body),
  };
  return { ok: true as const, value };
};

const search = (request: KnowledgeRequest, script: PortScript) => {
  const found = script.knowledge.filter(({ datasetId }) => request.datasetIds.includes(datasetId));
  const value = found.slice(0, request.topK).map((record, index) => ({
    ...record,
    datasetName: record.datasetId,
    documentId: `document-${index + 1}`,
    documentName: record.title,
    segmentId: `segment-${index + 1}`,
    position: index + 1,
  }));
  return { ok: true as const, value };
};

const findTool = ({ providerId, toolName }: ToolReference, script: PortScript) => {
  const key = `${providerId}/${toolName}`;
  const tool = script.tools[key];
  if (tool === undefined) return failure("ToolRuntimeResolutionError", `${key} is not set up`);
  return { ok: true as const, value: tool };
};

const callTool = (request: ToolRequest, script: PortScript): NodeResult<ToolAnswer> => {
  const found = findTool(request, script);
  if (!found.ok) return found;
  const { text, json, files, variables, tokens, error } = found.value;
  if (error !== undefined) return failure(error.errorType, error.message);
  const usage = { ...NO_USAGE, totalTokens: tokens, promptTokens: tokens, completionTokens: 0 };
  return { ok: true, value: { text, json, files, variables, usage } };
};

const describeTool = (reference: ToolReference, script: PortScript): NodeResult<ToolDescription> => {
  const found = findTool(reference, script);
  if (!found.ok) return found;
  const { description, parameters } = found.value;
  return { ok: true, value: { name: reference.toolName, description, parameters } };
};

/** Ports that answer by a script, and what was asked of them. */
export const createScriptedPorts = (
  given: z.input<typeof PortScript> = {},
): { readonly ports: FlowPorts; readonly calls: PortCalls } => {
  const script = PortScript.parse(given);
  const calls: PortCalls = { code: [], template: [], model: [], http: [], knowledge: [], tools: [] };
  const attempts = new Map<string, number>();
  const modelCounts = new Map<number, number>();
  const httpCounts = new Map<string, number>();
  const ports: FlowPorts = {
    code: {
      run: async (request) => {
        calls.code.push(request);
        return runCode(request, attempts);
      },
    },
    template: {
      render: async (request) => {
        calls.template.push(request);
        return renderTemplate(request);
      },
    },
    model: {
      generate: async (request) => {
        calls.model.push(request);
        return answerModel(request, script, modelCounts);
      },
    },
    http: {
      send: async (request) => {
        calls.http.push(request);
        return answerHttp(request, script, httpCounts);
      },
    },
    documents: {
      read: async ({ format, bytes }) => ({ ok: true, value: `${format} of ${bytes.length} bytes` }),
    },
    knowledge: {
      search: async (request) => {
        calls.knowledge.push(request);
        return search(request, script);
      },
    },
    tools: {
      invoke: async (request) => {
        calls.tools.push(request);
        return callTool(request, script);
      },
      describe: async (request) => describeTool(request, script),
    },
  };
  return { ports, calls };
};
