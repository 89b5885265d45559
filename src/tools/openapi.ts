import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/errors.ts";
import { Json, JsonObject, parseJson } from "../base/json.ts";
import type { Secret } from "../base/secret.ts";
import { loadYaml } from "../base/yaml.ts";
import { fetchFile } from "../flow/nodes/document-extractor/file-value.ts";
import { encodeForm, encodeMultipart, type Part } from "../flow/nodes/http-request/encode-form.ts";
import type { HttpClient, HttpResponse, NodeFailure, NodeResult } from "../flow/ports.ts";
import { pythonJson, pythonStr } from "../flow/value-text.ts";
import { isJsonArray, isJsonObject } from "../flow/value-type.ts";
import { englishOf } from "../flow/messages/message.ts";
import { message, verbatim } from "../messages/message.ts";
import { castParameters } from "./cast-parameters.ts";
import {
  bodyText,
  CONNECT_TIMEOUT_MS,
  contentTypeOf,
  failureInItsWords,
  MAX_ANSWER_BYTES,
  noAnswer,
  objectSchema,
  type Tool,
  toolAnswer,
  toolFailure,
} from "./tool.ts";

/** A service that an OpenAPI document describes. Times are in milliseconds. */
export type OpenApiService = {
  readonly name: string;
  readonly document:
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "url"; readonly url: string };
  /** In place of the first server of the document; null for that. */
  readonly baseUrl: string | null;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, Secret>>;
  readonly timeoutMs: number;
};

/** How long a document is taken for true. */
const READ_MS = 300_000;
const MAX_DOCUMENT_BYTES = 5 * 1024 * 1024;
const METHODS = ["get", "post", "put", "delete", "patch", "head"] as const;
/** Of an answer that refuses, so much is passed on. */
const LONGEST_REFUSAL = 2_000;
const DEEPEST_REFERENCE = 20;

const Parameter = z.object({
  name: z.string(),
  in: z.enum(["path", "query", "header", "cookie"]),
  required: z.boolean().default(false),
  description: z.string().default(""),
  schema: JsonObject.default({}),
});
type Parameter = z.infer<typeof Parameter>;

type Body = { readonly type: string; readonly properties: JsonObject; readonly required: readonly string[] };

/** An operation with its references resolved. */
type Operation = {
  readonly method: string;
  /** With `{name}` for the parameters in the path. */
  readonly url: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly body: Body | null;
  readonly schema: JsonObject;
};

/** The part of a document that a reference names; what names nothing in it is empty. */
const follow = (document: JsonObject, node: Json | undefined, depth = 0): JsonObject => {
  if (!isJsonObject(node)) return {};
  const reference = node["$ref"];
  if (typeof reference !== "string" || depth > DEEPEST_REFERENCE) return node;
  const path = reference.startsWith("#/") ? reference.slice(2).split("/") : [];
  let found: Json | undefined = path.length === 0 ? undefined : document;
  for (const part of path) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    found = isJsonObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return follow(document, found, depth + 1);
};

/** The names that Dify gives an operation without `operationId`, of its older and newer versions. */
const namesOf = (path: string, method: string): readonly string[] => {
  const bare = path.replace(/^\//, "");
  return [
    bare.replace(/[^\w-]/g, ""),
    bare.replace(/[^\w-]/g, "_"),
    bare.replaceAll("/", "_").replace(/[^\w-]/g, ""),
  ].map((name) => `${name}_${method}`);
};

const bodyOf = (document: JsonObject, operation: JsonObject): Body | null => {
  const content = follow(document, follow(document, operation["requestBody"])["content"]);
  // Dify takes the first.
  const [entry] = Object.entries<Json>(content);
  if (entry === undefined) return null;
  const [type, media] = entry;
  const schema = follow(document, follow(document, media)["schema"]);
  const properties = Object.fromEntries(
    Object.entries<Json>(follow(document, schema["properties"])).map(([name, one]) => [
      name,
      follow(document, one),
    ]),
  );
  const { required } = schema;
  return { type, properties, required: isJsonArray(required) ? required.map((name) => pythonStr(name)) : [] };
};

const parametersOf = (
  document: JsonObject,
  ...lists: readonly (Json | undefined)[]
): readonly Parameter[] => {
  const all = lists.flatMap((list) => (isJsonArray(list) ? list : []));
  const read = all.flatMap((one) => {
    const given = follow(document, one);
    const parsed = Parameter.safeParse({ ...given, schema: follow(document, given["schema"]) });
    return parsed.success ? [parsed.data] : [];
  });
  return [...new Map(read.map((one) => [`${one.in} ${one.name}`, one])).values()];
};

const schemaOf = (parameters: readonly Parameter[], body: Body | null): JsonObject =>
  objectSchema(
    {
      ...Object.fromEntries(
        parameters.map(({ name, schema, description }) => [name, { description, ...schema }]),
      ),
      ...body?.properties,
    },
    [
      ...new Set([
        ...parameters.filter(({ required }) => required).map(({ name }) => name),
        ...(body?.required ?? []),
      ]),
    ],
  );

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

const baseOf = ({ baseUrl, document: source }: OpenApiService, document: JsonObject): string | null => {
  if (baseUrl !== null) return baseUrl;
  const { servers } = document;
  const [server] = isJsonArray(servers) ? servers : [];
  const url = isJsonObject(server) ? text(server["url"]) : "";
  const near = source.kind === "url" ? source.url : undefined;
  return URL.canParse(url, near) && url !== "" ? new URL(url, near).href.replace(/\/+$/, "") : null;
};

const findOperation = (
  service: OpenApiService,
  document: JsonObject,
  name: string,
): Operation | NodeFailure => {
  const base = baseOf(service, document);
  if (base === null)
    return toolFailure(message("tool.no-address", { service: service.name, setting: "base_url" }));
  const known: string[] = [];
  for (const [path, entry] of Object.entries<Json>(follow(document, document["paths"]))) {
    const item = follow(document, entry);
    for (const method of METHODS) {
      const operation = follow(document, item[method]);
      if (item[method] === undefined) continue;
      const { operationId } = operation;
      const names = typeof operationId === "string" ? [operationId] : namesOf(path, method);
      known.push(names[0] ?? "");
      if (!names.includes(name)) continue;
      const parameters = parametersOf(document, item["parameters"], operation["parameters"]);
      const body = bodyOf(document, operation);
      const description = text(operation["description"]) || text(operation["summary"]);
      return {
        method: method.toUpperCase(),
        url: base + path,
        description,
        parameters,
        body,
        schema: schemaOf(parameters, body),
      };
    }
  }
  return toolFailure(
    message("tool.unknown", { tool: name, server: service.name, known }),
    "ToolRuntimeResolutionError",
  );
};

const inText = (value: Json): string => {
  if (typeof value === "boolean") return String(value);
  return isJsonObject(value) || isJsonArray(value) ? pythonJson(value) : pythonStr(value);
};

/** A value that would lead out of the path that the document states, which no escape keeps from it. */
const isDots = (value: string): boolean => /^\.{1,2}$/.test(value);

/** What is sent, of a body with files: each where the schema says `binary`. */
const multipart = async (
  body: Body,
  values: JsonObject,
  http: HttpClient,
  signal: AbortSignal,
): Promise<{ readonly type: string; readonly bytes: Uint8Array } | NodeFailure> => {
  const parts: Part[] = [];
  for (const [name, value] of Object.entries<Json>(values)) {
    const schema = body.properties[name];
    const items = isJsonObject(schema) && isJsonObject(schema["items"]) ? schema["items"] : schema;
    const isFile = isJsonObject(items) && items["format"] === "binary";
    for (const one of isFile && isJsonArray(value) ? value : [value]) {
      if (!isFile) {
        parts.push({ name, file: null, bytes: Buffer.from(inText(one)) });
        continue;
      }
      const fetched = await fetchFile(one, http, signal);
      if (!fetched.ok) return { ...failureInItsWords(englishOf(fetched.message)), host: fetched.message };
      const { file, bytes } = fetched.value;
      parts.push({
        name,
        file: { name: file.filename ?? name, type: file.mime_type ?? "application/octet-stream" },
        bytes,
      });
    }
  }
  const { boundary, bytes } = encodeMultipart(parts);
  return { type: `multipart/form-data; boundary=${boundary}`, bytes };
};

type Content = { readonly type: string; readonly bytes: Uint8Array } | null;

const encodeBody = async (
  { body, method }: Operation,
  values: JsonObject,
  http: HttpClient,
  signal: AbortSignal,
): Promise<Content | NodeFailure> => {
  if (body === null || method === "GET" || method === "HEAD") return null;
  const own = Object.fromEntries(
    Object.entries<Json>(body.properties).flatMap(([name, schema]) => {
      if (Object.hasOwn(values, name)) return [[name, values[name] ?? null]];
      return isJsonObject(schema) && schema["default"] !== undefined ? [[name, schema["default"]]] : [];
    }),
  );
  if (body.type.startsWith("multipart/form-data")) return await multipart(body, own, http, signal);
  if (body.type === "application/x-www-form-urlencoded") {
    const pairs = Object.entries<Json>(own).map(([name, value]) => [name, inText(value)] as const);
    return { type: body.type, bytes: Buffer.from(encodeForm(pairs)) };
  }
  return { type: body.type, bytes: Buffer.from(pythonJson(own)) };
};

type Located = { readonly url: string; readonly headers: readonly (readonly [string, string])[] };

/** The address and the headers with the parameters that belong into them; an optional one that is left out is not sent. */
const locate = (operation: Operation, values: JsonObject): Located | NodeFailure => {
  let { url } = operation;
  const query: (readonly [string, string])[] = [];
  const headers: (readonly [string, string])[] = [];
  const cookies: string[] = [];
  for (const { name, in: place, schema } of operation.parameters) {
    const value = Object.hasOwn(values, name) ? (values[name] ?? null) : (schema["default"] ?? null);
    const shown = value === null ? "" : inText(value);
    if (place === "path") {
      if (isDots(shown) || (shown === "" && url.includes(`{${name}}`)))
        return toolFailure(message("tool.parameter-refused", { name }));
      url = url.replaceAll(`{${name}}`, () => encodeURIComponent(shown));
    } else if (shown !== "") {
      if (/[\r\n\0]/.test(shown) && place !== "query")
        return toolFailure(message("tool.parameter-refused", { name }));
      if (place === "query")
        for (const one of isJsonArray(value) ? value : [value]) query.push([name, inText(one)]);
      else if (place === "header") headers.push([name, shown]);
      else cookies.push(`${name}=${encodeURIComponent(shown)}`);
    }
  }
  const cookie = cookies.length === 0 ? [] : [["cookie", cookies.join("; ")] as const];
  return { url: query.length === 0 ? url : `${url}?${encodeForm(query)}`, headers: [...headers, ...cookie] };
};

/** An answer as Dify's API tools read it. */
const read = (response: HttpResponse) => {
  const body = bodyText(response);
  const { status } = response;
  if (status >= 400) {
    const said = body.slice(0, LONGEST_REFUSAL);
    return toolFailure(message("tool.refused", { status, problem: verbatim(said) }));
  }
  if (body === "")
    return toolAnswer({ text: "Empty response from the tool, please check your parameters and try again." });
  const parsed = contentTypeOf(response).toLowerCase().includes("application/json")
    ? Json.safeParse(parseJson(body)).data
    : undefined;
  return toolAnswer({ text: body, json: isJsonObject(parsed) ? [parsed] : [] });
};

const missing = (operation: Operation, values: JsonObject): string | undefined => {
  const { required, properties } = z
    .object({ required: z.array(z.string()), properties: JsonObject })
    .parse(operation.schema);
  return required.find((name) => {
    const schema = properties[name];
    return !Object.hasOwn(values, name) && !(isJsonObject(schema) && schema["default"] !== undefined);
  });
};

/** The operations of a service as tools. */
export const createOpenApiTools = (
  service: OpenApiService,
  http: HttpClient,
  clock: Clock,
): ((operation: string) => Tool) => {
  const send = async (
    request: {
      method: string;
      url: string;
      headers: readonly (readonly [string, string])[];
      body: Uint8Array | null;
    },
    signal: AbortSignal,
    maxResponseBytes: number,
  ): Promise<NodeResult<HttpResponse>> => {
    const response = await http.send({
      ...request,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      readTimeoutMs: service.timeoutMs,
      writeTimeoutMs: service.timeoutMs,
      verifyTls: true,
      maxResponseBytes,
      signal,
    });
    return response.ok ? response : { ...response, errorType: "ToolRuntimeInvocationError" };
  };
  /** The service's own headers win over what a document or a model makes of theirs. */
  const withOwn = (
    headers: readonly (readonly [string, string])[],
  ): readonly (readonly [string, string])[] => {
    const own = Object.entries(service.headers).map(([name, secret]) => [name, secret.reveal()] as const);
    const names = new Set([...own.map(([name]) => name.toLowerCase()), "host"]);
    return [...headers.filter(([name]) => !names.has(name.toLowerCase())), ...own];
  };
  const readDocument = async (signal: AbortSignal): Promise<string | NodeFailure> => {
    const { document, baseUrl } = service;
    if (document.kind === "file") return await readFile(document.path, "utf8");
    const isOwn = baseUrl !== null && new URL(baseUrl).origin === new URL(document.url).origin;
    const request = { method: "GET", url: document.url, headers: isOwn ? withOwn([]) : [], body: null };
    const response = await send(request, signal, MAX_DOCUMENT_BYTES);
    if (!response.ok) return response;
    const { status } = response.value;
    return status === 200
      ? bodyText(response.value)
      : toolFailure(message("tool.refused", { status, problem: verbatim("") }));
  };
  let known: { readonly document: JsonObject; readonly atMs: number } | null = null;
  const load = async (signal: AbortSignal): Promise<NodeResult<JsonObject>> => {
    if (known !== null && clock.now() - known.atMs < READ_MS) return { ok: true, value: known.document };
    try {
      const written = await readDocument(signal);
      if (typeof written !== "string") return written;
      const parsed: unknown = loadYaml().parseDocument(written, { prettyErrors: false }).toJS();
      known = { document: JsonObject.parse(parsed), atMs: clock.now() };
      return { ok: true, value: known.document };
    } catch (error) {
      signal.throwIfAborted();
      const problem = error instanceof z.ZodError ? verbatim("") : verbatim(describeError(error));
      return toolFailure(message("tool.document-unreadable", { service: service.name, problem }));
    }
  };
  const within = async <T>(
    signal: AbortSignal,
    operation: string,
    use: (found: Operation, signal: AbortSignal) => Promise<NodeResult<T>>,
  ): Promise<NodeResult<T>> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(service.timeoutMs)]);
    try {
      const loaded = await load(limit);
      if (!loaded.ok) return loaded;
      const found = findOperation(service, loaded.value, operation);
      return "ok" in found ? found : await use(found, limit);
    } catch (error) {
      signal.throwIfAborted();
      if (!limit.aborted) throw error;
      return noAnswer(service.name, service.timeoutMs);
    }
  };
  return (operation) => ({
    describe: async ({ signal }) =>
      await within(signal, operation, async ({ description, schema }) => ({
        ok: true,
        value: { description, parameters: schema },
      })),
    invoke: async ({ parameters, settings, signal }) =>
      await within(signal, operation, async (found, limit) => {
        const values = castParameters(found.schema, { ...parameters, ...settings });
        const name = missing(found, values);
        if (name !== undefined) return failureInItsWords(`Missing required parameter ${name}`);
        const located = locate(found, values);
        if ("ok" in located) return located;
        const content = await encodeBody(found, values, http, limit);
        if (content !== null && "ok" in content) return content;
        const type = content === null ? [] : [["content-type", content.type] as const];
        const headers = withOwn([...located.headers, ...type]);
        const response = await send(
          { method: found.method, url: located.url, headers, body: content?.bytes ?? null },
          limit,
          MAX_ANSWER_BYTES,
        );
        return response.ok ? read(response.value) : response;
      }),
  });
};
