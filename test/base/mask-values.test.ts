import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Hono } from "hono";
import { html, raw } from "hono/html";
import { z } from "zod";
import { maskValues, secretsIn } from "../../src/base/mask-values.ts";
import { Secret } from "../../src/base/secret.ts";
import { createLogger } from "../../src/cli/create-logger.ts";
import { maskAnswers } from "../../src/http/mask-answers.ts";
import { fc } from "../properties.ts";

const VALUE = 'k"ey/with<odd>&chars+1%';
const SECRET = new Secret(VALUE);
const TREE = { a: [{ b: { c: SECRET } }], plain: "kept", again: SECRET };

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** How others repeat a value. */
const ECHOES: readonly (readonly [string, string])[] = [
  ["as it is", `Incorrect API key provided: ${VALUE}.`],
  ["in a query", `GET /v1/models?x=${encodeURIComponent(VALUE)} was refused`],
  ["in JSON", JSON.stringify({ error: { message: `bad key ${VALUE}` } })],
  ["in JSON in a header's text", `x-debug: ${JSON.stringify(VALUE)}`],
  [
    "in a page",
    `<p>${VALUE.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")}</p>`,
  ],
  ["in base64", `token ${base64(VALUE)}`],
  ["as Basic's password without a name", `authorization: Basic ${base64(`:${VALUE}`)}`],
  ["as the password of oauth2", `authorization: Basic ${base64(`oauth2:${VALUE}`)}`],
  ["twice", `${VALUE}${VALUE}`],
  ["in the middle of a word", `x${VALUE}y`],
  ["over a line break", `first\n${VALUE}\nlast`],
];

describe("the values of secrets", () => {
  it("are found in a tree of settings", () => {
    assert.deepEqual(secretsIn(TREE), [SECRET, SECRET]);
  });

  for (const [name, echo] of ECHOES)
    it(`leave no text that repeats them ${name}`, () => {
      const masked = maskValues([SECRET])(echo);
      assert.match(masked, /\[secret\]/);
      for (const form of [VALUE, encodeURIComponent(VALUE), base64(VALUE), "with&lt;odd", "chars+1"])
        assert.ok(!masked.includes(form), masked);
    });

  it("leave no text that repeats half of them or more, from the beginning or to the end", () => {
    const value = "k3y-of-the-operator-9f8e7d6c";
    const mask = maskValues([new Secret(value)]);
    for (const [text, masked] of [
      [`provided: ${value.slice(0, -3)}.`, "provided: [secret]."],
      [`provided: ${value.slice(0, 14)}…`, "provided: [secret]…"],
      [`provided: …${value.slice(3)}`, "provided: …[secret]"],
      [`${value.slice(0, 20)} ${value.slice(-14)}`, "[secret] [secret]"],
      [`${value.slice(0, 20)}${value}`, "[secret][secret]"],
      [`provided: ${value.slice(0, 4)}****${value.slice(-4)}`, `provided: k3y-****${value.slice(-4)}`],
    ] as const)
      assert.equal(mask(text), masked);
    assert.equal(maskValues([new Secret("short-one")])("short-on"), "short-on");
  });

  const odd = "s3cr3t+/=\"<&'é ü\\key (v)~";
  const json = JSON.stringify({ a: odd });
  const ascii = (text: string) =>
    text.replaceAll(/[^ -~]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const bytes = Buffer.from(odd);
  const OTHERS: Readonly<Record<string, string>> = {
    "percents without capitals": encodeURIComponent(odd).toLowerCase(),
    "a form": new URLSearchParams({ a: odd }).toString(),
    "an address as a whole": encodeURI(odd),
    "percents of percents": encodeURIComponent(encodeURIComponent(odd)),
    "JSON without signs beyond ASCII": ascii(json),
    "JSON with escaped slashes": json.replaceAll("/", "\\/"),
    "JSON for a page": json.replaceAll("<", "\\u003c").replaceAll("&", "\\u0026"),
    Python: `'${odd.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`,
    "a page of Python": odd
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll('"', "&quot;")
      .replaceAll("'", "&#x27;"),
    "a page of Go": odd
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll('"', "&#34;")
      .replaceAll("'", "&#39;"),
    hexadecimal: bytes.toString("hex"),
    "base64 for addresses": bytes.toString("base64url"),
    "Basic with a name of four": base64(`user:${odd}`),
    "Basic with a name of five": base64(`admin:${odd}:more`),
  };
  for (const [name, echo] of Object.entries(OTHERS))
    it(`leave no text that repeats them as ${name}`, () => {
      const masked = maskValues([new Secret(odd)])(`before ${echo} after`);
      assert.match(masked, /^before .*\[secret\].* after$/);
      assert.ok(!/s3cr3t|czNjcj|733363723374/i.test(masked), masked);
    });

  it("are taken out whole where one is a part of another", () => {
    const mask = maskValues([new Secret("abcdef"), new Secret("abcdefghi")]);
    assert.equal(mask("abcdefghi abcdef"), "[secret] [secret]");
  });

  it("that are short, or texts without them, leave texts as they are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(!text.includes("abc123"));
        assert.equal(maskValues([new Secret("abc"), new Secret("")])(text), text);
      }),
    );
  });
});

describe("the log", () => {
  it("holds no secret of the settings and nothing that looks like one, in any field at any depth", () => {
    const lines: string[] = [];
    const logger = createLogger("debug", false, [SECRET], (line) => void lines.push(line));
    for (const [, echo] of ECHOES) {
      logger.warn({ error: echo }, "A model failed");
      logger.info({ deep: { list: [{ text: echo }] }, echo }, "Deep");
      logger.child({ about: echo }).error({}, "In a child");
    }
    logger.warn(
      { error: "Bearer abcdefghijklmnop", key: { of: "glpat-abcdefghij1234567890" } },
      "By its look",
    );
    logger.info({ secret: SECRET, count: 1, none: null, when: new Date(0) }, "Types");
    const text = lines.join("");
    for (const form of [VALUE, JSON.stringify(VALUE).slice(1, -1), encodeURIComponent(VALUE), base64(VALUE)])
      assert.ok(!text.includes(form));
    assert.doesNotMatch(text, /abcdefghijklmnop|glpat-abcdefghij/);
    const last = z
      .looseObject({ secret: z.string(), count: z.number(), none: z.null(), when: z.string() })
      .parse(JSON.parse(lines.at(-1) ?? ""));
    assert.deepEqual(
      [last.secret, last.count, last.none, last.when],
      ["[secret]", 1, null, "1970-01-01T00:00:00.000Z"],
    );
  });
});

describe("answers", () => {
  const app = new Hono();
  app.use("*", maskAnswers([SECRET, new Secret("class")]));
  app.get("/page/:n", (context) => {
    const [, echo = ""] = ECHOES[Number(context.req.param("n"))] ?? [];
    return context.html(html`<p class="reason" title="${echo}">${echo}${raw("<b>")}</p>`, 422);
  });
  app.get("/json/:n", (context) => context.json({ reason: ECHOES[Number(context.req.param("n"))]?.[1] }));
  app.get("/file", (context) => context.body(VALUE, 200, { "content-type": "application/octet-stream" }));

  for (const [index, [name]] of ECHOES.entries())
    it(`hold no secret of the settings that a reason repeats ${name}`, async () => {
      for (const kind of ["page", "json"]) {
        const response = await app.request(`/${kind}/${index}`);
        const text = await response.text();
        assert.equal(response.status, kind === "page" ? 422 : 200);
        assert.match(text, /\[secret\]/);
        for (const form of [
          VALUE,
          encodeURIComponent(VALUE),
          base64(VALUE),
          "odd&gt;&amp;chars",
          "odd>&chars",
        ])
          assert.ok(!text.includes(form), text);
      }
    });

  it("keep words of pages that are somebody's short key, and files", async () => {
    assert.match(await (await app.request("/page/0")).text(), /class="reason"/);
    assert.equal(await (await app.request("/file")).text(), VALUE);
  });
});
