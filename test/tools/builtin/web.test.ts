import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import type { JsonObject } from "../../../src/base/json.ts";
import { createGuardedHttpClient } from "../../../src/egress/guarded-http-client.ts";
import type { NodeResult } from "../../../src/flow/ports.ts";
import { message } from "../../../src/messages/message.ts";
import { createDocumentReader } from "../../../src/sandbox/documents/create-document-reader.ts";
import { startServer } from "../mcp-server.ts";
import { answerOf, failureOf, NO_PORTS, requestOf, runnerWith } from "../tool-setup.ts";

const documents = createDocumentReader({ clock: systemClock });
after(() => documents[Symbol.asyncDispose]());
const http = createGuardedHttpClient({ allow: ["127.0.0.1"] });

const SENTENCES = "This is text of an article, with commas, and it is long enough to be one. "
  .repeat(4)
  .trim();
const PAGE = (
  title: string,
): string => `<!doctype html><html><head><title>${title}</title><style>p { color: red }</style></head>
<body><nav><a href="/">Home</a></nav><article><h1>Heading</h1><p>${SENTENCES}</p>

<p>The <b>second</b>&nbsp;&amp; last.</p></article><script>alert("no")</script><footer>© all of us</footer></body></html>`;
const PDF = readFileSync(new URL("../../fixtures/documents/plain.pdf", import.meta.url));

const PAGES: Readonly<
  Record<string, readonly [status: number, type: string | null, body: string | Uint8Array]>
> = {
  "/article": [200, "text/html; charset=utf-8", PAGE("A title &amp; more")],
  "/shift-jis": [
    200,
    "text/html; charset=Shift_JIS",
    Buffer.from([0x3c, 0x70, 0x3e, 0x93, 0xfa, 0x96, 0x7b]),
  ],
  "/fragment": [200, "text/html", "<p>one</p><p>two</p>"],
  "/blank": [200, "text/html", "<html><body> <img src=x> </body></html>"],
  "/plain": [200, "text/plain", "<p>as it is</p>"],
  "/json": [200, "application/json", '{"a": 1}'],
  "/document": [200, "application/pdf", PDF],
  "/image": [200, "image/png", "x"],
  "/untyped": [200, null, "x"],
  "/gone": [404, "text/html", PAGE("Not found")],
  "/long": [200, "text/plain", "x".repeat(10 * 1024 * 1024 + 1)],
};

let server: Awaited<ReturnType<typeof startServer>>;
const seen: IncomingMessage[] = [];
before(async () => {
  server = await startServer((request, response) => {
    seen.push(request);
    if (request.url === "/moved") return void response.writeHead(302, { location: "/plain" }).end();
    const [status, type, body] = PAGES[request.url ?? ""] ?? [500, "text/plain", "no such page"];
    response.writeHead(status, type === null ? {} : { "content-type": type }).end(body);
  });
});
after(async () => {
  await server[Symbol.asyncDispose]();
});

const { invoke } = runnerWith({}, { ...NO_PORTS, http, documents });
const scrape = async (path: string, settings: JsonObject = {}) =>
  await invoke(requestOf("webscraper/webscraper", { url: `${server.url}${path}` }, { settings }));
const scraped = async (path: string): Promise<string> => answerOf(await scrape(path)).text;

const codeOf = (result: NodeResult<unknown>) => result.ok || [result.errorType, result.host?.code];

const article = (title: string, text: string): string =>
  `\nTITLE: ${title}\nAUTHORS: None\nPUBLISH DATE: None\nTOP_IMAGE_URL: \nTEXT:\n\n${text}\n`;

describe("webscraper", () => {
  it("gives the article of a page in Dify's form, without what stands around it", async () => {
    assert.equal(
      await scraped("/article"),
      article("A title & more", `Heading${SENTENCES}\nThe second\u00a0& last.`),
    );
    assert.equal(await scraped("/shift-jis"), article("None", "日本"));
    assert.equal(await scraped("/fragment"), article("None", "onetwo"));
    assert.equal(await scraped("/blank"), "");
  });

  it("gives plain text and JSON as they are, a PDF's text, and says what else it met", async () => {
    assert.equal(await scraped("/plain"), "<p>as it is</p>");
    assert.equal(await scraped("/moved"), "<p>as it is</p>");
    assert.deepEqual(answerOf(await scrape("/json")).json, [{ data: [] }]);
    assert.equal(await scraped("/json"), '{"a": 1}');
    assert.equal(await scraped("/document"), "Release notes\r\nSecond line, page onePage two");
    assert.equal(await scraped("/image"), "Unsupported content-type [image/png] of URL.");
    assert.equal(await scraped("/untyped"), "Unsupported content-type [None] of URL.");
    assert.equal(await scraped("/gone"), "URL returned status code 404.");
    assert.equal(answerOf(await invoke(requestOf("webscraper/webscraper"))).text, "Please input url");
  });

  it("calls itself what the file says", async () => {
    await scrape("/plain", { user_agent: "reader/1", generate_summary: "false" });
    assert.equal(seen.at(-1)?.headers["user-agent"], "reader/1");
    assert.equal(seen.at(-1)?.method, "GET");
    await scrape("/plain", { user_agent: "" });
    assert.match(seen.at(-1)?.headers["user-agent"] ?? "", /^Mozilla\/5\.0 /);
  });

  it("fails by name where a summary is asked for, before anything is sent", async () => {
    const sent = seen.length;
    for (const generate_summary of ["true", 1, true])
      assert.deepEqual(failureOf(await scrape("/plain", { generate_summary })), {
        type: "ToolRuntimeInvocationError",
        why: message("tool.no-summary", { tool: "webscraper", setting: "generate_summary" }),
      });
    assert.equal(seen.length, sent);
  });

  it("reaches no address that the operator has not allowed, and takes no longer page", async () => {
    const guarded = runnerWith({}, { ...NO_PORTS, http: createGuardedHttpClient({ allow: [] }), documents });
    const refused = await guarded.invoke(requestOf("webscraper/webscraper", { url: `${server.url}/plain` }));
    assert.deepEqual(codeOf(refused), ["ToolRuntimeInvocationError", "egress.refused"]);
    assert.deepEqual(codeOf(await scrape("/long")), ["ToolRuntimeInvocationError", "egress.too-long"]);
  });
});
