import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import querystring from "node:querystring";
import { after, describe, it } from "node:test";
import { format, inspect } from "node:util";
import { z } from "zod";
import { fc } from "../properties.ts";
import { createCodeRunner } from "../../src/sandbox/create-code-runner.ts";
import { createAttempts } from "./attempt-code.ts";

const runner = createCodeRunner({ http: null, timeLimitMs: 60_000 });
after(async () => await runner[Symbol.asyncDispose]());
const { attempt, failing } = createAttempts(runner, "javascript");

/** Expressions whose values, as JSON, have to be those of this very Node. */
const SAME_AS_NODE: readonly string[] = [
  // Addresses
  `new URLSearchParams({ q: "a b", page: 2, "é&": "=+%" }).toString()`,
  `new URLSearchParams([["a", "1"], ["a", "2"]]).getAll("a")`,
  `new URLSearchParams(new Map([["x", "y z"]])).toString()`,
  `new URLSearchParams("?a=1&b=%F0%9F%98%80+x&&c=%zz&=d").toString()`,
  `[...new URLSearchParams("b=2&a=1&b=1")].join("|")`,
  `(() => { const p = new URLSearchParams("a=1&b=2&a=3"); p.set("a", "9"); p.append("c", "~!*()'-._"); p.delete("b"); p.sort(); return [p.toString(), p.size, p.has("a", "9"), p.has("a", "1"), Object.prototype.toString.call(p)] })()`,
  `(() => { try { new URLSearchParams([["a"]]) } catch (error) { return error.name } })()`,
  `(() => { const u = new URL("https://u:p@ex.example:8443/a/../b?x=1#h"); u.searchParams.append("y", "é z"); const p = u.searchParams; u.search = "?k=v"; return [u.href, p.get("k"), u.origin, u.port, u.username, JSON.stringify(u)] })()`,
  `[URL.canParse("x:"), URL.parse("nope"), URL.parse("/a", "http://b").href, new URL("http://bücher.example/ä ?ö").href]`,
  `(() => { const { host, pathname, query, auth, path } = require("url").parse("http://a:b@c.example:80/p?q=1&r=2#h", true); return [host, pathname, { ...query }, auth, path] })()`,
  `[require("url").resolve("http://a/b/c", "../d"), require("url").format({ protocol: "http", host: "a", pathname: "/b", query: { c: 1 } })]`,
  `require("querystring").stringify({ a: ["x y", 2, true], b: "", c: null, d: "é&=" })`,
  `({ ...require("node:querystring").parse("a=1&a=2&b=%C3%A9+x&c&%zz=1") })`,
  // Dates and numbers of a locale
  `new Date(0).toLocaleString("en-US", { timeZone: "Asia/Shanghai" })`,
  `new Date(1e12).toLocaleDateString("de-DE", { weekday: "long", year: "numeric", month: "long", day: "numeric", timeZone: "UTC" })`,
  `new Date(1e12).toLocaleTimeString("ko-KR", { timeZone: "Asia/Seoul", hour12: false })`,
  `new Date(new Date(1e12).toLocaleString("en-US", { timeZone: "America/New_York" })).getHours() >= 0`,
  `[(1234567.891).toLocaleString("en-US"), (0.256).toLocaleString("en-US", { style: "percent" }), (12345678901234567890n).toLocaleString("de-DE"), (-0).toLocaleString("en-US"), NaN.toLocaleString("en-US")]`,
  `new Intl.NumberFormat("ja-JP", { style: "currency", currency: "JPY" }).format(123456.7)`,
  `new Intl.NumberFormat("en-US", { notation: "compact" }).formatToParts(1234567)`,
  `[3, 1, 2].map(new Intl.NumberFormat("en-US", { minimumFractionDigits: 1 }).format)`,
  `new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "Europe/London" }).formatToParts(new Date(1e12))`,
  `new Intl.DateTimeFormat("en-US", { timeZone: "UTC", month: "short", day: "numeric" }).formatRange(new Date(0), new Date(1e9))`,
  `new Intl.DateTimeFormat("en-US", { timeZone: "Asia/Kolkata" }).resolvedOptions().timeZone`,
  `[new Intl.PluralRules("en-US", { type: "ordinal" }).select(22), new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-1, "day"), new Intl.ListFormat("en", { type: "disjunction" }).format(["a", "b", "c"]), new Intl.DisplayNames("en", { type: "region" }).of("KR")]`,
  `[...new Intl.Segmenter("en", { granularity: "grapheme" }).segment("👩‍👩‍👧é")].map(({ segment, index }) => [segment, index])`,
  `["ä", "a", "z", "Z", "b", "10", "9"].sort((x, y) => x.localeCompare(y))`,
  `["10", "9", "1"].sort(new Intl.Collator("en", { numeric: true }).compare)`,
  `["i".toLocaleUpperCase("tr"), "I".toLocaleLowerCase("tr"), "ß".toLocaleUpperCase()]`,
  `[[1234.5, new Date(0)].toLocaleString("en-US", { timeZone: "UTC" }), Intl.getCanonicalLocales("EN-us"), new Intl.Locale("zh-TW").maximize().toString(), Intl.NumberFormat.supportedLocalesOf(["en", "xx"])]`,
  `Intl.supportedValuesOf("currency").includes("EUR")`,
  `(() => { try { new Intl.DateTimeFormat("en", { timeZone: "Mars/Olympus" }) } catch (error) { return [error.name, error.message] } })()`,
  // Buffers and texts
  `["utf8", "hex", "base64", "base64url", "latin1", "ascii", "utf16le", "binary", "UCS-2"].map((e) => Buffer.from("héllo wörld", "utf8").toString(e))`,
  `[Buffer.from("aGk=", "base64").toString(), Buffer.from("aGk", "base64url").toString(), Buffer.from("zz41", "hex").length, Buffer.from("616g", "hex").toString()]`,
  `[Buffer.from([1, 2, 300]), Buffer.concat([Buffer.from("a"), Buffer.from("bc")]), Buffer.alloc(3, "ab"), Buffer.from({ type: "Buffer", data: [7] })]`,
  `(() => { const b = Buffer.alloc(16); b.writeUInt32BE(0xdeadbeef, 0); b.writeInt16LE(-2, 4); b.writeDoubleLE(1.5, 8); return [b.readUInt32BE(0), b.readInt16LE(4), b.readDoubleLE(8), b.readUIntBE(0, 3), b.toString("hex"), b.subarray(0, 4).equals(Buffer.from("deadbeef", "hex"))] })()`,
  `(() => { const b = Buffer.from("hello hello"); const s = b.slice(0, 5); s[0] = 72; return [b.toString(), b.indexOf("llo"), b.indexOf("llo", 5), b.lastIndexOf("hello"), b.includes("zz"), Buffer.compare(b, s), b.toString("utf8", 1, 3), Buffer.byteLength("é"), b.write("XY", 2), b.toString(), Buffer.isBuffer(s), b.copy(Buffer.alloc(3))] })()`,
  `(() => { try { Buffer.from(5) } catch (error) { return error.name } })()`,
  `(() => { try { Buffer.alloc(2).readUInt32LE(0) } catch (error) { return error.name } })()`,
  `[new TextDecoder("gbk").decode(new Uint8Array([0xc4, 0xe3])), new TextDecoder("utf-16le").encoding, new TextDecoder().decode(Buffer.from("efbbbf41ff", "hex")), new TextEncoder().encode("é")[0]]`,
  `[atob("aGk="), btoa("hi"), structuredClone({ a: [1, new Date(0)] }), encodeURIComponent("é ")]`,
  // Digests
  `["md5", "sha1", "sha256", "sha512", "SHA384", "sha3-256"].map((a) => require("crypto").createHash(a).update("a").update(Buffer.from("é")).digest("hex"))`,
  `[require("crypto").createHmac("sha256", "key").update("data").digest("base64"), require("crypto").createHash("sha1").copy().digest().length, require("crypto").hash("sha1", "x")]`,
  `[require("crypto").timingSafeEqual(Buffer.from("a"), Buffer.from("a")), require("crypto").randomBytes(7).length, require("crypto").randomInt(5) < 5, crypto.getRandomValues(new Uint16Array(3)).length, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/.test(crypto.randomUUID())]`,
  `(() => { try { require("crypto").createHash("none") } catch (error) { return error.name } })()`,
  // util
  `[require("util").inspect({ a: [1, "x", { b: { c: { d: 1 } } }], m: new Map([[1, { a: 2 }]]), s: new Set(["a"]) }), require("util").inspect("it's"), require("util").inspect([undefined, null, -0, 5n, Symbol("s")])]`,
  `[require("util").format("%s has %d of %j, %O%%", "a", 5, { x: 1 }, [1]), require("util").format("a", { b: 1 }), require("util").format(1, "x")]`,
  `[require("util").isDeepStrictEqual({ a: [1, new Date(0)] }, { a: [1, new Date(0)] }), require("util").isDeepStrictEqual([1], ["1"]), require("util").types.isDate(new Date())]`,
  // The rest
  `[typeof process.env.HOME === "string" ? "" : "", process.version, process.versions.node, typeof process.hrtime.bigint(), typeof performance.now()]`,
  `[new Date(0).toISOString(), new Date(2026, 0, 1).toISOString(), new Date(1e12).toString(), new Date("2026-01-02").getTime(), Date.UTC(2026, 1)]`,
];

/** Node itself in UTC, as the sandbox is. */
const here = (expression: string): unknown => {
  // oxlint-disable-next-line typescript/no-implied-eval -- the oracle: this Node's own value
  const value: unknown = Reflect.apply(new Function("require", `return ${expression}`), undefined, [
    process.getBuiltinModule.bind(process),
  ]);
  return JSON.parse(JSON.stringify([value]));
};

describe("JavaScript code has what Node has", () => {
  it("gives the values that this Node gives", async () => {
    const zone = process.env.TZ;
    process.env.TZ = "UTC";
    try {
      for (const expression of SAME_AS_NODE)
        assert.deepEqual(
          await attempt(`function main() { return [${expression}] }`),
          here(expression),
          expression,
        );
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it("for any pairs, texts and bytes, too", async () => {
    const pairs = fc.array(fc.tuple(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" })), {
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(pairs, fc.string({ unit: "binary" }), async (list, text) => {
        const data = text.toWellFormed();
        const written = new URLSearchParams(list.map(([key, value]) => [key, value])).toString();
        const object = Object.fromEntries(list.filter(([key]) => key !== "__proto__"));
        assert.deepEqual(
          await attempt(
            `function main({ list, text, object, written }) {
              const { createHash, createHmac } = require("crypto");
              const encodings = ["hex", "base64", "base64url", "utf16le", "latin1"];
              return { written: new URLSearchParams(list).toString(), read: [...new URLSearchParams(written)],
                query: require("querystring").stringify(object),
                texts: encodings.map((encoding) => Buffer.from(Buffer.from(text).toString(encoding), encoding).toString("hex")),
                hash: createHash("sha256").update(text).digest("hex"), hmac: createHmac("sha1", text).update(text).digest("base64") };
            }`,
            { list, text: data, object, written },
          ),
          {
            written,
            read: [...new URLSearchParams(written)],
            query: querystring.stringify(object),
            texts: (["hex", "base64", "base64url", "utf16le", "latin1"] as const).map((encoding) =>
              Buffer.from(Buffer.from(data).toString(encoding), encoding).toString("hex"),
            ),
            hash: createHash("sha256").update(data).digest("hex"),
            hmac: createHmac("sha1", data).update(data).digest("base64"),
          },
        );
      }),
      { numRuns: 40 },
    );
  });

  it("prints values as Node does", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.array(fc.integer(), { maxLength: 120 })),
        async (value) => {
          fc.pre(!JSON.stringify(value).includes("__proto__"));
          const x = z.json().parse(JSON.parse(JSON.stringify(value)));
          assert.deepEqual(
            await attempt(
              `function main({ x }) { const { inspect, format } = require("util"); return [inspect(x) + ";", format("%s %d", x, x)] }`,
              { x },
            ),
            [`${inspect(x)};`, format("%s %d", x, x)],
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it("waits for timers, promises and what they bring about", async () => {
    assert.deepEqual(
      await attempt(`async function main() {
        const order = [];
        setTimeout((text) => order.push(text), 5, "late");
        setImmediate(() => order.push("soon"));
        clearTimeout(setTimeout(() => order.push("never"), 1));
        process.nextTick(() => order.push("next"));
        queueMicrotask(() => order.push("micro"));
        let count = 0;
        await new Promise((resolve) => { const timer = setInterval(() => { if (++count === 3) { clearInterval(timer); resolve(); } }, 4); });
        await require("timers/promises").setTimeout(10);
        const digest = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from("a"))).toString("hex");
        return { order, count, digest };
      }`),
      {
        order: ["next", "micro", "soon", "late"],
        count: 3,
        digest: createHash("sha256").update("a").digest("hex"),
      },
    );
  });

  it("draws other random numbers every time", async () => {
    const code = "function main() { return [Math.random(), Math.random()] }";
    assert.notDeepEqual(await attempt(code), await attempt(code));
  });

  it("names what is left out", async () => {
    for (const [code, wanted] of [
      [
        "return require('fs').readFileSync('/etc/passwd')",
        /Cannot find module 'fs': a code node has buffer, .*crypto.*util/,
      ],
      ["return require('axios')", /Cannot find module 'axios'/],
      [
        "return require('crypto').createCipheriv('aes-128-cbc', 'k', 'i')",
        /crypto\.createCipheriv is not available/,
      ],
      ["return crypto.subtle.encrypt({}, {}, {})", /crypto\.subtle\.encrypt is not available/],
      ["process.exit(0)", /process\.exit is not available/],
      ["return fetch('http://a')", /fetch is not defined/],
    ] as const)
      assert.match(await failing(`function main() { ${code} }`), wanted);
  });
});
