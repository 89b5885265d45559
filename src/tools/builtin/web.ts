import { decodeText } from "../../base/decode-text.ts";
import type { JsonObject } from "../../base/json.ts";
import type { HttpResponse, NodeResult, ToolAnswer } from "../../flow/ports.ts";
import { pythonStr } from "../../flow/value-text.ts";
import { message } from "../../messages/message.ts";
import { MAX_ANSWER_BYTES, objectSchema, toolAnswer, toolFailure } from "../tool.ts";
import type { BuiltinContext, BuiltinTool } from "./builtin-tool.ts";

/** Texts here are those of Dify's own tools: flows read them, and look for them. */
const CONNECT_TIMEOUT_MS = 10_000;
/** How long a call takes at most, from the first byte to the last. */
const CALL_TIMEOUT_MS = 60_000;

type Call = {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
};

/** One call of a service through the guarded client, bounded in size and time. */
const send = async (
  { method = "GET", url, headers = {}, body }: Call,
  { http, signal }: BuiltinContext,
): Promise<NodeResult<HttpResponse>> => {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
  const type = body === undefined ? [] : [["content-type", "application/json"] as const];
  try {
    const response = await http.send({
      method,
      url,
      headers: [...Object.entries(headers), ...type],
      body: body === undefined ? null : Buffer.from(JSON.stringify(body)),
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      readTimeoutMs: CALL_TIMEOUT_MS,
      writeTimeoutMs: CALL_TIMEOUT_MS,
      verifyTls: true,
      maxResponseBytes: MAX_ANSWER_BYTES,
      signal: limit,
    });
    return response.ok ? response : { ...response, errorType: "ToolRuntimeInvocationError" };
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted) throw error;
    const server = new URL(url).host;
    return {
      ...toolFailure(message("tool.no-answer", { server, seconds: CALL_TIMEOUT_MS / 1000 })),
      timedOut: true,
    };
  }
};

const contentTypeOf = ({ headers }: HttpResponse): string =>
  headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";

const bodyText = (response: HttpResponse): string => {
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(contentTypeOf(response))?.[1] ?? null;
  return decodeText(response.body, charset);
};

const textOf = (values: JsonObject, name: string): string => {
  const value = values[name];
  return value === undefined || value === null ? "" : pythonStr(value);
};

const text = (description: string): JsonObject => ({ type: "string", description });
const flag = (description: string): JsonObject => ({ type: "boolean", description });

/** What Dify's scraper sends where the file sets nothing. */
const BROWSER =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/91.0.4472.124 Safari/537.36";

/** A page as text: HTML and PDF are read in the threads of documents. */
const pageText = async (
  response: HttpResponse,
  { documents, signal }: BuiltinContext,
): Promise<NodeResult<ToolAnswer>> => {
  const type = contentTypeOf(response).split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "text/plain" || type === "application/json") return toolAnswer({ text: bodyText(response) });
  if (type !== "text/html" && type !== "application/pdf")
    return toolAnswer({ text: `Unsupported content-type [${type === "" ? "None" : type}] of URL.` });
  const document =
    type === "text/html"
      ? ({ format: "html", bytes: Buffer.from(bodyText(response)) } as const)
      : ({ format: "pdf", bytes: response.body } as const);
  const read = await documents.read({ ...document, signal });
  return read.ok ? toolAnswer({ text: read.value }) : { ...read, errorType: "ToolRuntimeInvocationError" };
};

const webscraper: BuiltinTool = {
  description: "A tool for scraping webpages. Input should be a URL.",
  parameters: objectSchema({ url: text("url for scraping") }, ["url"]),
  settings: {
    user_agent: text("used for identifying the browser."),
    generate_summary: flag("If true, the crawler will only return the page summary content."),
  },
  run: async (values, context) => {
    const url = textOf(values, "url");
    if (url === "") return toolAnswer({ text: "Please input url" });
    // Dify asks the workspace's own model, which no file names.
    if (values["generate_summary"] === true)
      return toolFailure(message("tool.no-summary", { tool: "webscraper", setting: "generate_summary" }));
    const agent = textOf(values, "user_agent");
    const response = await send({ url, headers: { "User-Agent": agent === "" ? BROWSER : agent } }, context);
    if (!response.ok) return response;
    const { status } = response.value;
    return status === 200
      ? await pageText(response.value, context)
      : toolAnswer({ text: `URL returned status code ${status}.` });
  },
};

/** Dify's tools that ask the web, by provider. */
export const WEB_TOOLS: Readonly<Record<string, Readonly<Record<string, BuiltinTool>>>> = {
  webscraper: { webscraper },
};
