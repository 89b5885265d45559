import { createHash } from "node:crypto";
import { type Json, type JsonObject, parseJson } from "../../../src/base/json.ts";
import { NO_USAGE } from "../../../src/flow/flow-event.ts";
import type { HttpRequest, HttpResponse, ModelRequest, NodeFailure } from "../../../src/flow/ports.ts";
import type { FlowPorts } from "../../../src/flow/node.ts";
import { pythonJson, pythonStr } from "../../../src/flow/value-text.ts";
import { isJsonArray, isJsonObject } from "../../../src/flow/value-type.ts";
import type { ModelRule } from "./recorded-run.ts";

const failure = (errorType: string, message: string): NodeFailure => ({
  ok: false,
  errorType,
  message,
  retryable: false,
});

type Messages = readonly (readonly [role: string, text: string])[];

const digestOf = (messages: Messages): string =>
  createHash("sha256").update(JSON.stringify(messages)).digest("hex");

/** The smallest value of a JSON schema. */
const smallest = (schema: Json | undefined, key = "v"): Json => {
  if (!isJsonObject(schema)) return `s-${key}`;
  const { enum: choices, type: stated } = schema;
  if (isJsonArray(choices) && choices.length > 0) return choices[0] ?? null;
  const type = isJsonArray(stated) ? stated[0] : stated;
  if (type === "object" || (type === undefined && "properties" in schema)) {
    const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
    return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, smallest(one, name)]));
  }
  if (type === "array") return [smallest(schema["items"] ?? {}, key)];
  if (type === "number" || type === "integer") return 7;
  if (type === "boolean") return true;
  return type === "null" ? null : `s-${key}`;
};

/** The last class where the schema is that of a question classifier. */
const lastClass = (schema: JsonObject | null): Json | undefined => {
  const properties = schema?.["properties"];
  const category = isJsonObject(properties) ? properties["category_id"] : undefined;
  const classes = isJsonObject(category) ? category["enum"] : undefined;
  return isJsonArray(classes) ? classes.at(-1) : undefined;
};

const answerOf = (messages: Messages, schema: JsonObject | null): string => {
  const chosen = lastClass(schema);
  if (chosen !== undefined) {
    return `\`\`\`json\n{"keywords": ["k"], "category_id": "${pythonStr(chosen)}", "category_name": "x"}\n\`\`\``;
  }
  if (schema !== null) return pythonJson(smallest(schema));
  const hash = digestOf(messages);
  const whole = messages.map(([, text]) => text).join("\n");
  if (/json/i.test(whole) && Number.parseInt(hash.slice(0, 1), 16) % 2 === 0) {
    return `\`\`\`json\n{"hash": "${hash.slice(0, 8)}", "items": ["a", "b"], "n": 3}\n\`\`\``;
  }
  const last = (messages.at(-1)?.[1] ?? "").replace(/\s+/g, " ").trim();
  return `R:${hash.slice(0, 8)} [${Array.from(last).slice(-60).join("")}]`;
};

const PIECE = 7;

const generate = (request: ModelRequest, rules: readonly ModelRule[], prompts: string[]) => {
  const messages = request.messages.map(({ role, content }): Messages[number] => [role, content]);
  prompts.push(digestOf(messages).slice(0, 16));
  const whole = messages.map(([, text]) => text).join("\n");
  const rule = rules.find(({ when }) => whole.includes(when));
  if (rule?.error !== undefined) return failure("ValueError", rule.error);
  const text = rule?.text ?? answerOf(messages, request.responseSchema);
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at += PIECE)
    request.onText?.(characters.slice(at, at + PIECE).join(""));
  const usage = { ...NO_USAGE, totalTokens: 15, promptTokens: 10, completionTokens: 5 };
  return { ok: true as const, value: { text, reasoning: "", finishReason: "stop", usage } };
};

/** Headers of the connection itself, which the loopback server leaves out of what it echoes. */
const CONNECTION = new Set(
  "host user-agent accept accept-encoding accept-language connection content-length".split(" "),
);

/** JSON as Python's client writes it, since ours sends it as the file has it. */
const compact = (text: string, type: string): string => {
  const value = type.includes("json") ? parseJson(text) : undefined;
  return value === undefined ? text : JSON.stringify(value);
};

const bodyText = (body: Uint8Array | null): string => {
  if (body === null) return "";
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return `hex:${Buffer.from(body).toString("hex")}`;
  }
};

/** The documents that runs are given, by name; they lie at `/files/NAME` of any host. */
const DOCUMENTS: ReadonlyMap<string, readonly [type: string, text: string]> = new Map([
  ["doc.txt", ["text/plain", "Hello file.\nSecond line 你好.\n"]],
  ["doc.md", ["text/markdown", "# Title\n\ntext\n"]],
  ["data.csv", ["text/csv", 'name,age\nAnn,3\n"B, b",4\n']],
]);

const document = (url: URL): HttpResponse | undefined => {
  const [, folder, name = ""] = url.pathname.split("/");
  const found = folder === "files" ? DOCUMENTS.get(name) : undefined;
  if (found === undefined) return undefined;
  const [type, text] = found;
  return { status: 200, url: url.href, headers: [["content-type", type]], body: Buffer.from(text) };
};

const echo = (request: HttpRequest): HttpResponse | NodeFailure => {
  const url = new URL(request.url);
  if (url.hostname === "127.0.0.1") return failure("HttpRequestNodeError", "[Errno 111] Connection refused");
  const file = document(url);
  if (file !== undefined) return file;
  const boundary = request.headers
    .map(([, value]) => /boundary="?([^";]+)"?/.exec(value)?.[1])
    .find((one) => one !== undefined);
  const hide = (text: string): string =>
    boundary === undefined ? text : text.replaceAll(boundary, "BOUNDARY");
  const headers = request.headers
    .map(([name, value]) => [name.toLowerCase(), hide(value)] as const)
    .filter(([name]) => !CONNECTION.has(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const record = {
    method: request.method,
    origin: url.origin,
    path: url.pathname,
    query: url.search.slice(1),
    headers: Object.fromEntries(headers),
    body: compact(hide(bodyText(request.body)), Object.fromEntries(headers)["content-type"] ?? ""),
  };
  const body = new TextEncoder().encode(pythonJson(record));
  const answered = [
    ["content-type", "application/json"],
    ["content-length", String(body.length)],
  ] as const;
  return { status: 200, url: request.url, headers: answered, body };
};

/** Everything outside of a recorded run, answering as it did for Dify's engine; `prompts` collects what models are asked. */
export const createScriptedWorld = (
  rules: readonly ModelRule[],
): {
  readonly ports: Pick<FlowPorts, "model" | "http" | "knowledge">;
  readonly prompts: readonly string[];
} => {
  const prompts: string[] = [];
  const ports: Pick<FlowPorts, "model" | "http" | "knowledge"> = {
    model: { generate: async (request) => generate(request, rules, prompts) },
    http: {
      send: async (request) => {
        const answer = echo(request);
        return "ok" in answer ? answer : { ok: true, value: answer };
      },
    },
    knowledge: {
      search: async ({ query }) => ({
        ok: true,
        value: [1, 2].map((n) => ({
          datasetId: "ds",
          datasetName: "Dataset",
          documentId: `doc${n}`,
          documentName: `Doc ${n}`,
          segmentId: `seg${n}`,
          position: n,
          score: 0.9 - n / 10,
          title: `Doc ${n}`,
          content: `Record ${n} for ${query}`,
        })),
      }),
    },
  };
  return { ports, prompts };
};
