import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { after, before, beforeEach, describe, it } from "node:test";
import { z } from "zod";
import { JsonObject } from "../../../src/base/json.ts";
import { Secret } from "../../../src/base/secret.ts";
import { createGuardedHttpClient } from "../../../src/egress/guarded-http-client.ts";
import type { HttpClient } from "../../../src/flow/ports.ts";
import { message } from "../../../src/messages/message.ts";
import { startServer } from "../mcp-server.ts";
import { answerOf, failureOf, NO_PORTS, requestOf, runnerWith } from "../tool-setup.ts";

const KEY = "tvly-key-of-a-test";

/** What Tavily's API takes; it refuses all else with 422. */
const SearchBody = z.strictObject({
  query: z.string().min(1),
  search_depth: z.enum(["basic", "advanced", "fast", "ultra-fast"]),
  topic: z.enum(["general", "news", "finance"]),
  max_results: z.number().int().min(0).max(20),
  chunks_per_source: z.number().int().min(1).max(3).optional(),
  time_range: z.enum(["day", "week", "month", "year"]).optional(),
  include_answer: z.enum(["basic", "advanced"]).optional(),
  include_raw_content: z.enum(["markdown", "text"]).optional(),
  include_images: z.boolean().optional(),
  include_favicon: z.boolean().optional(),
  include_domains: z.array(z.string().min(1)).optional(),
  exclude_domains: z.array(z.string().min(1)).optional(),
});
const ExtractBody = z.strictObject({
  urls: z.array(z.url()).min(1),
  query: z.string().min(1).optional(),
  extract_depth: z.enum(["basic", "advanced"]).optional(),
  format: z.enum(["markdown", "text"]).optional(),
  chunks_per_source: z.number().int().min(1).max(5).optional(),
  include_images: z.boolean().optional(),
  include_favicon: z.boolean().optional(),
  timeout: z.number().min(1).max(60).optional(),
});

type Seen = {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: JsonObject;
};
type Reply = readonly [status: number, body: string];

/** What the services answer next; a test that leaves it out sees what was asked. */
let reply: Reply | null = null;
let seen: Seen[] = [];
beforeEach(() => {
  reply = null;
  seen = [];
});

const refusal = (status: number, error: string): Reply => [status, JSON.stringify({ detail: { error } })];

const tavily = (operation: string, { headers, body }: Seen): Reply => {
  if (headers["authorization"] !== `Bearer ${KEY}`)
    return refusal(401, "Unauthorized: missing or invalid API key.");
  if (headers["content-type"] !== "application/json") return refusal(415, "not JSON");
  const known = operation === "search" ? SearchBody.safeParse(body) : ExtractBody.safeParse(body);
  if (!known.success) return refusal(422, known.error.message);
  return reply ?? [200, '{"results": []}'];
};

const jina = ({ headers }: Seen): Reply =>
  headers["accept"] === "application/json" ? (reply ?? [200, '{"code": 200}']) : [406, "JSON only"];

const searxng = ({ path }: Seen): Reply => {
  const { searchParams, pathname } = new URL(path, "http://searx");
  if (pathname !== "/search") return [404, "no such page"];
  if (searchParams.get("format") !== "json") return [403, "Forbidden"];
  if (!["day", "week", "month", "year"].includes(searchParams.get("time_range") ?? ""))
    return [400, "time_range"];
  return reply ?? [200, '{"results": []}'];
};

let server: Awaited<ReturnType<typeof startServer>>;
before(async () => {
  server = await startServer((request, response) => {
    const answer = async (): Promise<void> => {
      const [, service = "", ...rest] = (request.url ?? "").split("/");
      const written = await text(request);
      const body = JsonObject.parse(JSON.parse(written === "" ? "{}" : written));
      const one: Seen = { path: `/${rest.join("/")}`, headers: request.headers, body };
      seen.push(one);
      const isTavily = service === "api.tavily.com" && request.method === "POST";
      const [status, content] = isTavily
        ? tavily(rest.join("/"), one)
        : service === "searx"
          ? searxng(one)
          : jina(one);
      response.writeHead(status, { "content-type": "application/json" }).end(content);
    };
    void answer();
  });
});
after(async () => {
  await server[Symbol.asyncDispose]();
});

/** The guarded client, which finds the services' own addresses on the server of the test. */
const guarded = createGuardedHttpClient({ allow: ["127.0.0.1"] });
const http: HttpClient = {
  send: async (request) => {
    const url = request.url.replace(
      /^https:\/\/(r\.jina\.ai|s\.jina\.ai|api\.tavily\.com)\//,
      `${server.url}/$1/`,
    );
    return await guarded.send({ ...request, url });
  },
};
const runnerOf = (secrets: Readonly<Record<string, string>>) =>
  runnerWith(
    { secrets: new Map(Object.entries(secrets).map(([name, value]) => [name, new Secret(value)])) },
    { ...NO_PORTS, http },
  );
const call = async (
  tool: string,
  parameters: JsonObject,
  settings: JsonObject = {},
  secrets: Readonly<Record<string, string>> = {
    tavily_api_key: KEY,
    jina_api_key: "jina-key-1",
    searxng_base_url: `${server.url}/searx/search`,
  },
) => await runnerOf(secrets).invoke(requestOf(tool, parameters, { settings }));

describe("tavily", () => {
  it("sends what an old file sets, as its plugin does", async () => {
    const settings = {
      exclude_domains: "a.org, b.org",
      include_answer: 0,
      include_images: 0,
      include_raw_content: 1,
      max_results: 10,
      search_depth: "basic",
    };
    const answer = answerOf(await call("tavily/tavily_search", { query: "q" }, settings));
    assert.equal(answer.text, "No results found for 'q' in Tavily.");
    assert.deepEqual(answer.json, [{ data: [] }]);
    assert.deepEqual(seen[0]?.body, {
      query: "q",
      search_depth: "basic",
      topic: "general",
      max_results: 10,
      include_images: false,
      include_raw_content: "markdown",
      exclude_domains: ["a.org", "b.org"],
    });
  });

  it("sends what a new file or a model gives, and gives what was found as text and JSON", async () => {
    const found = {
      answer: "because",
      images: ["https://img/1.png", { url: "https://img/2.png", description: "two" }],
      results: [
        {
          title: "One",
          url: "https://one",
          content: "c1",
          score: 0.98,
          raw_content: "raw",
          published_date: "Mon",
        },
        { url: "https://two", content: "", score: 0 },
      ],
    };
    reply = [200, JSON.stringify(found)];
    const settings = {
      include_answer: "advanced",
      include_images: "true",
      max_results: "3",
      include_raw_content: "false",
      project_id: "p1",
    };
    const parameters = { query: "why", topic: "news", search_depth: "advanced", time_range: "not_specified" };
    const answer = answerOf(await call("langgenius/tavily/tavily/tavily_search", parameters, settings));
    assert.deepEqual(seen[0]?.body, {
      query: "why",
      search_depth: "advanced",
      topic: "news",
      max_results: 3,
      chunks_per_source: 3,
      include_answer: "advanced",
      include_images: true,
    });
    assert.equal(seen[0]?.headers["x-project-id"], "p1");
    assert.deepEqual(answer.json, [found]);
    assert.equal(
      answer.text,
      [
        "**Answer:** because\n",
        "# Result 1: [One](https://one)\n",
        "**Published Date:** Mon\n",
        "**URL:** https://one\n",
        "**Relevance Score:** 0.98\n",
        "**Content:**\nc1\n",
        "---\n",
        "# Result 2: [No Title](https://two)\n",
        "**URL:** https://two\n",
        "---\n",
        "**Images:**\n",
        "![Tavily search result image](https://img/1.png)\n",
        "![two](https://img/2.png)\n",
        "\n",
      ].join("\n"),
    );
  });

  it("extracts pages", async () => {
    const found = {
      results: [
        { url: "https://a", raw_content: "text", favicon: "https://a/f.ico", images: ["https://a/1.png"] },
      ],
      failed_results: [{ url: "https://b" }],
    };
    reply = [200, JSON.stringify(found)];
    const answer = answerOf(
      await call(
        "tavily/tavily_extract",
        { urls: "https://a, https://b," },
        { format: "text", chunks_per_source: "2" },
      ),
    );
    assert.deepEqual(seen[0]?.body, {
      urls: ["https://a", "https://b"],
      format: "text",
      chunks_per_source: 2,
    });
    assert.deepEqual(answer.json, [found]);
    assert.equal(
      answer.text,
      [
        "# Extracted Content 1: https://a\n",
        "**Favicon:** ![Favicon for https://a](https://a/f.ico)\n",
        "**Raw Content:**\ntext\n",
        "**Images:**\n",
        "![Image from https://a](https://a/1.png)\n",
        "---\n",
        "# Failed URLs:\n",
        "- https://b: Unknown error\n",
      ].join("\n"),
    );
    reply = null;
    assert.equal(
      answerOf(await call("tavily/tavily_extract", { urls: "https://a" })).text,
      "No content could be extracted from the provided URLs.",
    );
    assert.equal(
      answerOf(await call("tavily/tavily_extract", { urls: " , " })).text,
      "Please input at least one URL to extract.",
    );
  });

  it("tells as text what the service refuses, without the key that it repeats", async () => {
    reply = refusal(429, `too much for ${KEY}`);
    assert.equal(
      answerOf(await call("tavily/tavily_search", { query: "q" })).text,
      "Error occurred while searching: too much for [secret]",
    );
    reply = [502, "<html>"];
    assert.equal(
      answerOf(await call("tavily/tavily_extract", { urls: "https://a" })).text,
      "Error occurred while extracting content: 502 <html>",
    );
  });
});

describe("jina", () => {
  it("reads a page with what the file sets in headers, whatever the status", async () => {
    reply = [422, '{"code": 422}'];
    const settings = {
      gather_all_images_at_the_end: 0,
      image_caption: 1,
      no_cache: "true",
      no_cache_track: "false",
      max_retries: 3,
      target_selector: "#main",
      content_format: "default",
      summary: 0,
    };
    const parameters = {
      url: "https://example.com/a b?x=1",
      request_params: '{"lang": "de", "tag": ["a", "b"]}',
    };
    const answer = answerOf(await call("langgenius/jina/jina/jina_reader", parameters, settings));
    assert.equal(answer.text, '{"code": 422}');
    assert.deepEqual(answer.json, [{ data: [] }]);
    assert.equal(seen[0]?.path, "/https://example.com/a%20b?x=1&lang=de&tag=a&tag=b");
    const {
      authorization,
      dnt,
      "x-with-generated-alt": alt,
      "x-no-cache": cache,
      "x-target-selector": selector,
      "x-return-format": format,
    } = seen[0]?.headers ?? {};
    assert.deepEqual(
      [authorization, dnt, alt, cache, selector, format],
      ["Bearer jina-key-1", undefined, "true", "true", "#main", undefined],
    );
  });

  it("searches, and runs without a key", async () => {
    assert.equal(
      answerOf(await call("jina/jina_search", { query: "what? a/b #1" }, {}, {})).text,
      '{"code": 200}',
    );
    assert.equal(seen[0]?.path, "/what%3F%20a%2Fb%20%231");
    assert.equal(seen[0]?.headers["authorization"], undefined);
  });

  it("fails by name for what it cannot do, before anything is sent", async () => {
    const type = "ToolRuntimeInvocationError";
    assert.deepEqual(failureOf(await call("jina/jina_reader", { url: "https://a" }, { summary: 1 })), {
      type,
      why: message("tool.no-summary", { tool: "jina_reader", setting: "summary" }),
    });
    assert.deepEqual(failureOf(await call("jina/jina_search", {})), {
      type,
      why: message("tool.parameter-refused", { name: "query" }),
    });
    for (const request_params of ["[1]", "{"])
      assert.deepEqual(failureOf(await call("jina/jina_reader", { url: "https://a", request_params })), {
        type,
        why: "Invalid request_params: request_params must be a JSON object",
      });
    const injected = await call(
      "jina/jina_reader",
      { url: "https://a" },
      { target_selector: "a\r\nX-Evil: 1" },
    );
    assert.equal(failureOf(injected).type, type);
    assert.deepEqual(seen, []);
  });
});

describe("searxng", () => {
  it("gives each result as JSON, and fails with the service's status", async () => {
    const results = [
      { title: "One", url: "https://one" },
      { title: "Two", url: "https://two" },
    ];
    reply = [200, JSON.stringify({ results })];
    const answer = answerOf(await call("searxng/searxng_search", { query: "a b" }, { search_type: "it" }));
    assert.deepEqual([answer.text, answer.json], ["", results]);
    assert.equal(seen[0]?.path, "/search?q=a+b&time_range=day&format=json&categories=it");
    reply = null;
    assert.equal(
      answerOf(await call("searxng/searxng_search", { query: "a" }, { time_range: "week" })).text,
      'No results found, get response: {"results": []}',
    );
    assert.deepEqual(
      failureOf(await call("searxng/searxng_search", { query: "a" }, { time_range: "hour" })),
      {
        type: "ToolRuntimeInvocationError",
        why: "Error 400: time_range",
      },
    );
  });
});

describe("the secrets of tools", () => {
  it("are named where one is missing, with the line of settings that gives it", async () => {
    for (const [tool, name] of [
      ["langgenius/tavily/tavily/tavily_search", "tavily_api_key"],
      ["tavily/tavily_extract", "tavily_api_key"],
      ["searxng/searxng_search", "searxng_base_url"],
    ] as const) {
      const { providerId: provider, toolName } = requestOf(tool);
      assert.deepEqual(
        failureOf(await call(tool, { query: "q", urls: "https://a" }, {}, { other: "secret-of-another" })),
        {
          type: "ToolRuntimeResolutionError",
          why: message("tool.not-set", {
            tool: toolName,
            provider,
            setting: `secrets: {${name}: "\${${name.toUpperCase()}}"}`,
          }),
        },
      );
    }
    assert.deepEqual(seen, []);
  });

  it("go to the tools of their own provider alone", async () => {
    const sent = ["jina/jina_reader", "tavily/tavily_search", "searxng/searxng_search"];
    for (const tool of sent) await call(tool, { query: "q", url: "https://a" });
    const own: Readonly<Record<string, number>> = { [KEY]: 1, "jina-key-1": 0 };
    for (const [secret, at] of Object.entries(own))
      assert.deepEqual(
        seen.flatMap((one, index) => (JSON.stringify(one).includes(secret) ? [index] : [])),
        [at],
      );
  });
});
