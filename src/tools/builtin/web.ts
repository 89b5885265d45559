import { Json, type JsonObject, parseJson } from "../../base/json.ts";
import type { HttpResponse, NodeFailure, NodeResult, ToolAnswer } from "../../flow/ports.ts";
import { pythonStr } from "../../flow/value-text.ts";
import { message } from "../../messages/message.ts";
import { isJsonArray, isJsonObject } from "../../flow/value-type.ts";
import {
  bodyText,
  CONNECT_TIMEOUT_MS,
  contentTypeOf,
  failureInItsWords,
  MAX_ANSWER_BYTES,
  noAnswer,
  objectSchema,
  toolAnswer,
  toolFailure,
} from "../tool.ts";
import type { BuiltinContext, BuiltinTool } from "./builtin-tool.ts";

/** Texts here are those of Dify's own tools: flows read them, and look for them. */
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
    return noAnswer(new URL(url).host, CALL_TIMEOUT_MS);
  }
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

/** Dify asks the workspace's own model, which no file names. */
const noSummary = (tool: string, setting: string): NodeFailure =>
  toolFailure(message("tool.no-summary", { tool, setting }));

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
    if (values["generate_summary"] === true) return noSummary("webscraper", "generate_summary");
    const agent = textOf(values, "user_agent");
    const response = await send({ url, headers: { "User-Agent": agent === "" ? BROWSER : agent } }, context);
    if (!response.ok) return response;
    const { status } = response.value;
    return status === 200
      ? await pageText(response.value, context)
      : toolAnswer({ text: `URL returned status code ${status}.` });
  },
};

const missing = (name: string): NodeFailure => toolFailure(message("tool.parameter-refused", { name }));

/** The headers that stand for Jina's switches. */
const JINA_FLAGS: Readonly<Record<string, readonly [header: string, value: string]>> = {
  remove_images: ["X-Retain-Images", "none"],
  image_caption: ["X-With-Generated-Alt", "true"],
  gather_all_links_at_the_end: ["X-With-Links-Summary", "true"],
  gather_all_images_at_the_end: ["X-With-Images-Summary", "true"],
  no_cache: ["X-No-Cache", "true"],
  no_cache_track: ["DNT", "1"],
};
const JINA_TEXTS: Readonly<Record<string, string>> = {
  target_selector: "X-Target-Selector",
  wait_for_selector: "X-Wait-For-Selector",
  proxy_server: "X-Proxy-Url",
  content_format: "X-Return-Format",
};

const jinaHeaders = (values: JsonObject, key: string | null): Record<string, string> => ({
  Accept: "application/json",
  ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
  ...Object.fromEntries(
    Object.entries(JINA_FLAGS).flatMap(([name, header]) => (values[name] === true ? [header] : [])),
  ),
  ...Object.fromEntries(
    Object.entries(JINA_TEXTS).flatMap(([name, header]) => {
      const value = textOf(values, name);
      return value === "" || (name === "content_format" && value === "default") ? [] : [[header, value]];
    }),
  ),
});

/** A tool of Jina's, with the one parameter that makes the path. */
const jina = (
  tool: "jina_reader" | "jina_search",
  description: string,
  parameter: JsonObject,
): BuiltinTool => {
  const name = tool === "jina_reader" ? "url" : "query";
  return {
    description,
    parameters: objectSchema(
      { [name]: parameter, ...(name === "url" ? { request_params: text("request parameters") } : {}) },
      [name],
    ),
    settings: {
      summary: flag("enable summary"),
      ...Object.fromEntries(Object.keys(JINA_FLAGS).map((one) => [one, flag(one)])),
      ...Object.fromEntries(Object.keys(JINA_TEXTS).map((one) => [one, text(one)])),
    },
    run: async (values, context) => {
      if (values["summary"] === true) return noSummary(tool, "summary");
      const wanted = textOf(values, name);
      if (wanted === "") return missing(name);
      const written = name === "url" ? textOf(values, "request_params") : "";
      const params = written === "" ? {} : Json.safeParse(parseJson(written)).data;
      if (!isJsonObject(params))
        return failureInItsWords("Invalid request_params: request_params must be a JSON object");
      const url =
        name === "url"
          ? new URL(`https://r.jina.ai/${wanted}`)
          : new URL(`https://s.jina.ai/${encodeURIComponent(wanted)}`);
      for (const [key, value] of Object.entries<Json>(params))
        for (const one of isJsonArray(value) ? value : [value]) url.searchParams.append(key, pythonStr(one));
      const response = await send({ url: url.href, headers: jinaHeaders(values, context.secret) }, context);
      return response.ok ? toolAnswer({ text: bodyText(response.value) }) : response;
    },
  };
};

/** What of Tavily's parameters goes into the body under its own name, as its plugin sends it. */
const TAVILY = {
  texts: "query search_depth topic time_range country start_date end_date extract_depth format".split(" "),
  flags: "include_images include_image_descriptions auto_parameters include_favicon include_usage".split(" "),
  numbers: ["max_results", "chunks_per_source", "timeout"],
  domains: ["include_domains", "exclude_domains"],
};
const TAVILY_SETTINGS: JsonObject = {
  ...Object.fromEntries(TAVILY.texts.map((name) => [name, text(name)])),
  ...Object.fromEntries(TAVILY.flags.map((name) => [name, flag(name)])),
  ...Object.fromEntries(TAVILY.numbers.map((name) => [name, { type: "number", description: name }])),
  ...Object.fromEntries(TAVILY.domains.map((name) => [name, text(name)])),
};

/** Which kind of an answer or of raw content is asked for; the first where the file has only a switch. */
const choiceOf = (value: Json | undefined, kinds: readonly [string, string]): string | undefined => {
  if (typeof value !== "string") return value === true || Boolean(value) ? kinds[0] : undefined;
  const chosen = value.toLowerCase();
  return chosen === "true" ? kinds[0] : kinds.find((kind) => kind === chosen);
};

const tavilyBody = (values: JsonObject): JsonObject => {
  const given = Object.fromEntries(
    Object.entries<Json>(values).filter(
      ([, value]) => value !== null && value !== "" && value !== "None" && value !== "not_specified",
    ),
  );
  const pick = (names: readonly string[]): JsonObject =>
    Object.fromEntries(names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
  const answer = choiceOf(given["include_answer"], ["basic", "advanced"]);
  const raw = choiceOf(given["include_raw_content"], ["markdown", "text"]);
  return {
    ...pick([...TAVILY.texts, ...TAVILY.flags, ...TAVILY.numbers]),
    ...Object.fromEntries(
      Object.entries<Json>(pick(TAVILY.domains)).map(([name, value]) => [
        name,
        pythonStr(value)
          .split(/[\s,]+/)
          .filter((domain) => domain !== ""),
      ]),
    ),
    ...(answer === undefined ? {} : { include_answer: answer }),
    ...(raw === undefined ? {} : { include_raw_content: raw }),
  };
};

const SEARCH_DEFAULTS: JsonObject = { search_depth: "basic", topic: "general", max_results: 5 };

const searchBody = (values: JsonObject): JsonObject => {
  const { chunks_per_source: chunks = 3, ...body } = { ...SEARCH_DEFAULTS, ...tavilyBody(values) };
  const isChunked = body["search_depth"] === "advanced" || body["search_depth"] === "fast";
  return isChunked ? { ...body, chunks_per_source: chunks } : body;
};

const objectsIn = (value: Json | undefined): readonly JsonObject[] =>
  isJsonArray(value) ? value.filter(isJsonObject) : [];

const imageLines = (images: Json | undefined, describe: (url: string) => string): readonly string[] =>
  (isJsonArray(images) ? images : []).flatMap((image) => {
    const url = isJsonObject(image) ? textOf(image, "url") : pythonStr(image);
    const description = isJsonObject(image) ? textOf(image, "description") : "";
    return url === "" ? [] : [`![${description === "" ? describe(url) : description}](${url})\n`];
  });

/** What was found as the plugin's Markdown. */
const searchText = (found: JsonObject, asked: JsonObject): string => {
  const answer = textOf(found, "answer");
  const images =
    asked["include_images"] === true ? imageLines(found["images"], () => "Tavily search result image") : [];
  return [
    ...("include_answer" in asked && answer !== "" ? [`**Answer:** ${answer}\n`] : []),
    ...objectsIn(found["results"]).flatMap((result, index) => {
      const [url = "", content = "", favicon = "", raw = "", published = ""] = [
        "url",
        "content",
        "favicon",
        "raw_content",
        "published_date",
      ].map((name) => textOf(result, name));
      const title = "title" in result ? pythonStr(result["title"] ?? null) : "No Title";
      return [
        `# Result ${index + 1}: [${title}](${url})\n`,
        ...(asked["topic"] === "news" && published !== "" ? [`**Published Date:** ${published}\n`] : []),
        `**URL:** ${url}\n`,
        ...(result["score"] ? [`**Relevance Score:** ${textOf(result, "score")}\n`] : []),
        ...(asked["include_favicon"] === true && favicon !== ""
          ? [`**Favicon:** ![Favicon for ${title}](${favicon})\n`]
          : []),
        ...(content === "" ? [] : [`**Content:**\n${content}\n`]),
        ...("include_raw_content" in asked && raw !== "" ? [`**Raw Content:**\n${raw}\n`] : []),
        "---\n",
      ];
    }),
    ...(images.length === 0 ? [] : ["**Images:**\n", ...images, "\n"]),
  ].join("\n");
};

const extractText = (found: JsonObject): string => {
  const failed = objectsIn(found["failed_results"]);
  return [
    ...objectsIn(found["results"]).flatMap((result, index) => {
      const url = textOf(result, "url");
      const favicon = textOf(result, "favicon");
      const images = imageLines(result["images"], () => `Image from ${url}`);
      return [
        `# Extracted Content ${index + 1}: ${url}\n`,
        ...(favicon === "" ? [] : [`**Favicon:** ![Favicon for ${url}](${favicon})\n`]),
        `**Raw Content:**\n${textOf(result, "raw_content")}\n`,
        ...(images.length === 0 ? [] : ["**Images:**\n", ...images]),
        "---\n",
      ];
    }),
    ...(failed.length === 0 ? [] : ["# Failed URLs:\n"]),
    ...failed.map((one) => `- ${textOf(one, "url")}: ${textOf(one, "error") || "Unknown error"}\n`),
  ].join("\n");
};

/** What Tavily says of a request that it refuses. */
const tavilyProblem = (status: number, answer: string): string => {
  const detail = asObject(answer)["detail"];
  const error = isJsonObject(detail) ? textOf(detail, "error") : "";
  return error === "" ? `${status} ${answer.slice(0, 500)}` : error;
};

const asObject = (answer: string): JsonObject => {
  const parsed = Json.safeParse(parseJson(answer)).data;
  return isJsonObject(parsed) ? parsed : {};
};

/** One call of Tavily, whose plugin tells a refusal as text and not as a failure. */
const askTavily = async (
  operation: "search" | "extract",
  body: JsonObject,
  project: string,
  context: BuiltinContext,
  use: (found: JsonObject) => Partial<ToolAnswer>,
): Promise<NodeResult<ToolAnswer>> => {
  const headers = {
    Authorization: `Bearer ${context.secret ?? ""}`,
    ...(project === "" ? {} : { "X-Project-ID": project }),
  };
  const url = `https://api.tavily.com/${operation}`;
  const response = await send({ method: "POST", url, headers, body }, context);
  if (!response.ok) return response;
  const { status } = response.value;
  const answer = bodyText(response.value);
  if (status === 200) return toolAnswer(use(asObject(answer)));
  const doing = operation === "search" ? "searching" : "extracting content";
  return toolAnswer({ text: `Error occurred while ${doing}: ${tavilyProblem(status, answer)}` });
};

const tavilySearch: BuiltinTool = {
  description:
    "A search engine tool built specifically for AI agents (LLMs), delivering real-time, accurate, and factual results at speed.",
  parameters: objectSchema(
    {
      query: text("The search query."),
      search_depth: {
        ...text("The depth of the search."),
        enum: ["basic", "advanced", "fast", "ultra-fast"],
      },
      topic: { ...text("The category of the search."), enum: ["general", "news", "finance"] },
      time_range: {
        ...text("The time range back from the current date; without start_date and end_date."),
        enum: ["not_specified", "day", "week", "month", "year"],
      },
      start_date: text("The first day of results, YYYY-MM-DD."),
      end_date: text("The last day of results, YYYY-MM-DD."),
      include_domains: text(
        "A comma-separated list of domains to specifically include in the search results.",
      ),
      exclude_domains: text(
        "A comma-separated list of domains to specifically exclude from the search results.",
      ),
    },
    ["query"],
  ),
  settings: TAVILY_SETTINGS,
  run: async (values, context) => {
    const query = textOf(values, "query");
    if (query === "") return toolAnswer({ text: "Please input a query." });
    const body = searchBody(values);
    return await askTavily("search", body, textOf(values, "project_id"), context, (found) =>
      objectsIn(found["results"]).length === 0
        ? { text: `No results found for '${query}' in Tavily.` }
        : { text: searchText(found, body), json: [found] },
    );
  },
};

const tavilyExtract: BuiltinTool = {
  description: "Extract raw content from web pages with basic or advanced extraction modes.",
  parameters: objectSchema(
    {
      urls: text("One or more URLs to extract content from (comma-separated if multiple)."),
      query: text(
        "Optional query string to rerank extracted content chunks based on relevance to user intent.",
      ),
      extract_depth: { ...text("'basic' (default) or 'advanced'."), enum: ["basic", "advanced"] },
    },
    ["urls"],
  ),
  settings: TAVILY_SETTINGS,
  run: async (values, context) => {
    const urls = textOf(values, "urls")
      .split(",")
      .map((url) => url.trim())
      .filter((url) => url !== "");
    if (urls.length === 0) return toolAnswer({ text: "Please input at least one URL to extract." });
    const body = { urls, ...tavilyBody(values) };
    return await askTavily("extract", body, textOf(values, "project_id"), context, (found) =>
      objectsIn(found["results"]).length === 0
        ? { text: "No content could be extracted from the provided URLs." }
        : { text: extractText(found), json: [found] },
    );
  },
};

const searxng: BuiltinTool = {
  description: "Perform searches on SearXNG and get results.",
  parameters: objectSchema({ query: text("Key words for searching") }, ["query"]),
  settings: { search_type: text("search type"), time_range: text("time range") },
  run: async (values, context) => {
    const query = textOf(values, "query");
    if (query === "") return missing("query");
    const { secret: base } = context;
    if (base === null || !URL.canParse(base)) return failureInItsWords("SearXNG api is required");
    const url = new URL(base);
    url.searchParams.set("q", query);
    url.searchParams.set("time_range", textOf(values, "time_range") || "day");
    url.searchParams.set("format", "json");
    url.searchParams.set("categories", textOf(values, "search_type") || "general");
    const response = await send({ url: url.href }, context);
    if (!response.ok) return response;
    const answer = bodyText(response.value);
    const { status } = response.value;
    if (status !== 200) return failureInItsWords(`Error ${status}: ${answer.slice(0, 500)}`);
    const results = objectsIn(asObject(answer)["results"]);
    return results.length === 0
      ? toolAnswer({ text: `No results found, get response: ${answer.slice(0, 500)}` })
      : toolAnswer({ json: results });
  },
};

/** Dify's tools that ask the web, by provider. */
export const WEB_TOOLS: Readonly<Record<string, Readonly<Record<string, BuiltinTool>>>> = {
  webscraper: { webscraper },
  jina: {
    jina_reader: jina(
      "jina_reader",
      "A tool for scraping webpages. Input should be a URL.",
      text("the URL of the page"),
    ),
    jina_search: jina(
      "jina_search",
      "A tool for searching results on the web for grounding. Input should be a simple question.",
      text("a simple question to ask the web"),
    ),
  },
  tavily: { tavily_search: tavilySearch, tavily_extract: tavilyExtract },
  searxng: { searxng_search: searxng },
};
