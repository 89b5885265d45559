import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { fc } from "../properties.ts";
import { Json } from "../../src/base/json.ts";
import { type Exact, parseExact } from "../../src/flow/exact.ts";
import { createCodeRunner } from "../../src/sandbox/create-code-runner.ts";
import { createAttempts } from "./attempt-code.ts";

// Time enough for a busy machine: only code without an end meets the other's limit.
const runner = createCodeRunner({ http: null, timeLimitMs: 60_000 });
const impatient = createCodeRunner({ http: null, timeLimitMs: 600 });
after(async () => {
  await runner[Symbol.asyncDispose]();
  await impatient[Symbol.asyncDispose]();
});

const { attempt, failing } = createAttempts(runner, "javascript");
/** The value of an expression in the sandbox. */
const evaluate = async (expression: string): Promise<Exact> =>
  await attempt(
    `function main() { return [(() => { try { return String(${expression}) } catch (e) { return "threw " + e.name } })()] }`,
  );

describe("JavaScript code", () => {
  it("gets its inputs as one object and returns JSON", async () => {
    assert.deepEqual(
      await attempt("function main({a, b}) { return {sum: a + b.length, s: 'é한'} }", { a: 1, b: [1, 2] }),
      {
        sum: 3,
        s: "é한",
      },
    );
    assert.deepEqual(await attempt("const main = (inputs) => ({ keys: Object.keys(inputs) })", { x: 1 }), {
      keys: ["x"],
    });
    assert.deepEqual(await attempt("async function main() { await null; return [1] }"), [1]);
  });

  it("hands any JSON through unchanged", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const x = Json.parse(
          JSON.parse(JSON.stringify(value), (key, item: unknown) => (key === "__proto__" ? undefined : item)),
        );
        assert.deepEqual(
          await attempt("function main({x}) { return {x} }", { x }),
          parseExact(JSON.stringify({ x })),
        );
      }),
      { numRuns: 30 },
    );
  });

  it("says what went wrong as Node does", async () => {
    assert.equal(
      await attempt("function main() {\n  throw new TypeError('bad') }"),
      "!TypeError: bad\n    at main (<code>:2:13)",
    );
    assert.match(await failing("function main( {"), /^!SyntaxError: /);
    assert.match(await failing("const x = 1"), /^!ReferenceError: main is not defined/);
    assert.match(await failing("async function main() { throw new Error('late') }"), /^!Error: late/);
    assert.match(await failing("function main() {}"), /^!sandbox\.no-result$/);
    assert.match(
      await failing("function main() { const a = []; a.push(a); return a }"),
      /^!TypeError: circular/,
    );
    assert.match(await failing("function main() { throw 'text' }"), /text/);
    assert.match(await failing("function main() { return new Promise(() => {}) }"), /^!.*nothing settles/);
  });

  it("stops endless and long work", async () => {
    for (const code of [
      "for (;;) {}",
      "function main() { for (;;) {} }",
      "function main() { for (;;) { try { for (;;) {} } catch {} } }",
      "function main() { return /(a+)+b/.exec('a'.repeat(50)) }",
      "async function main() { for (;;) await null }",
      "function main() { return { toJSON() { for (;;) {} } } }",
    ])
      assert.equal(await createAttempts(impatient, "javascript").attempt(code), "!sandbox.timeout ms=600");
  });

  it("bounds memory, stack and result", async () => {
    assert.match(
      await attemptText("const a = []; for (;;) a.push('x'.repeat(1e6) + a.length)"),
      /^!.*out of memory/,
    );
    assert.match(await attemptText("return new ArrayBuffer(1e10)"), /^!/);
    assert.match(await attemptText("const f = () => f() + 1; return f()"), /^!RangeError/);
    assert.match(await attemptText("let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return a"), /^!/);
    assert.match(await attemptText("return { a: 'x'.repeat(9e6) }"), /^!sandbox\.result-too-long /);
    assert.match(
      await attemptText(`return JSON.parse('${"[".repeat(500)}${"]".repeat(500)}')`),
      /^!sandbox\.result-unreadable$/,
    );
    assert.deepEqual(await attempt("function main() { return [1] }"), [1]);
  });
});

const attemptText = async (body: string): Promise<string> => await failing(`function main() { ${body} }`);

describe("JavaScript code that wants out", () => {
  it("finds nothing of the host", async () => {
    for (const name of [
      "process.binding",
      "process.mainModule",
      "process.dlopen",
      "process.getBuiltinModule",
      "reviewflowHost",
      "reviewflowTimers",
      "fetch",
      "XMLHttpRequest",
      "WebSocket",
      "Worker",
      "WebAssembly",
      "Deno",
      "Bun",
      "std",
      "os",
      "__dirname",
      "SharedArrayBuffer.x",
    ])
      assert.deepEqual(await evaluate(`typeof ${name}`), ["undefined"], name);
    assert.deepEqual(await evaluate("Function('return typeof process.binding')()"), ["undefined"]);
    assert.deepEqual(await evaluate("(0, eval)('typeof process.binding')"), ["undefined"]);
    assert.deepEqual(
      await evaluate("main.constructor.constructor('return typeof process.kill + typeof require.cache')()"),
      ["undefinedundefined"],
    );
    assert.deepEqual(await evaluate("console.log.constructor('return typeof process.binding')()"), [
      "undefined",
    ]);
    assert.deepEqual(
      await evaluate("JSON.stringify([process.env, process.argv, process.cwd(), process.pid])"),
      ['[{},["node"],"/",1]'],
    );
  });

  it("loads no modules", async () => {
    for (const name of [
      "fs",
      "node:fs",
      "child_process",
      "net",
      "http",
      "os",
      "worker_threads",
      "vm",
      "module",
      "inspector",
      "../package.json",
    ]) {
      assert.match(
        await attemptText(`return require(${JSON.stringify(name)})`),
        /^!Error: Cannot find module/,
      );
      assert.match(await attemptText(`return import(${JSON.stringify(name)})`), /^!/);
    }
    assert.match(await failing("import fs from 'fs'; function main() { return 1 }"), /^!SyntaxError/);
  });

  it("gets functions of its own realm from everything that the host helps with", async () => {
    for (const expression of [
      "Intl.DateTimeFormat",
      "new Intl.NumberFormat().format",
      "new Intl.NumberFormat().resolvedOptions()",
      "new Intl.Segmenter('en').segment('a b')",
      "crypto.getRandomValues",
      "crypto.subtle.digest('SHA-256', new Uint8Array(1))",
      "require('crypto').createHash('md5')",
      "require('crypto').createHash('md5').digest()",
      "require('url').parse('http://a/')",
      "new TextDecoder('gbk')",
      "new URL('http://a/').searchParams",
      "setTimeout",
      "process.nextTick",
      "process",
      "require",
      "Date",
      "new Date(0)",
    ])
      assert.deepEqual(
        await evaluate(
          `(() => { const found = ${expression};
            const climb = [found.constructor.constructor, Object.getPrototypeOf(found).constructor.constructor];
            return climb.every((Made) => Made === Function && Made("return this")() === globalThis); })()`,
        ),
        ["true"],
        expression,
      );
  });

  it("gets errors of its own realm, without a stack of the host", async () => {
    for (const expression of [
      "new Intl.DateTimeFormat('no locale')",
      "(1).toLocaleString('en', { style: 'none' })",
      "new Intl.DateTimeFormat('en', { timeZone: 'Mars/Olympus' })",
      "require('crypto').createHash('none')",
      "new TextDecoder('none')",
      "require('url').resolve('a'.repeat(17e6), 'b')",
      "new Intl.DisplayNames('en', { type: 'none' })",
      "'a'.localeCompare('b', 'no locale')",
    ])
      assert.deepEqual(
        await evaluate(`(() => { try { ${expression}; return "it gave a value" } catch (error) {
          return [error instanceof Error, error.constructor.constructor("return this")() === globalThis,
            /node:|file:|javascript-worker|host-functions|\\/work/.test(error.stack + error.message)].join() } })()`),
        ["true,true,false"],
        expression,
      );
  });

  it("finds no host in a promise, whatever it puts in the place of then", async () => {
    assert.deepEqual(
      await attempt(`async function main() {
        const seen = [];
        Promise.prototype.then = ((then) => function (...args) {
          seen.push(...args.map((arg) => arg?.constructor?.constructor === Function));
          return then.apply(this, args);
        })(Promise.prototype.then);
        class Mine extends Promise { static get [Symbol.species]() { return Mine } }
        await new Mine((resolve) => setTimeout(resolve, 1));
        await crypto.subtle.digest("SHA-1", new Uint8Array(1)).then((bytes) => seen.push(bytes.constructor === ArrayBuffer));
        return { isOurs: seen.every(Boolean) };
      }`),
      { isOurs: true },
    );
  });

  it("is bounded in what it has the host do", async () => {
    for (const [expression, wanted] of [
      ["crypto.getRandomValues(new Uint8Array(65537))", /^\["threw QuotaExceededError/],
      ["require('crypto').pbkdf2Sync('a', 'b', 2 ** 31, 64, 'sha512')", /^\["threw Error/],
      ["require('crypto').scryptSync('a', 'b', 64)", /^\["threw Error/],
      ["(10n ** 5000n).toLocaleString()", /^\["threw RangeError/],
      ["new Intl.NumberFormat().format('1'.repeat(2e6))", /^\["threw RangeError/],
      ["new Intl.Segmenter('en').segment('a '.repeat(1e6))", /^\["threw RangeError/],
      ["new Intl.Locale('en-'.repeat(1e5) + 'x')", /^\["threw RangeError/],
      ["new Intl.ListFormat('en').format(Array(200000).fill('a'))", /^\["threw RangeError/],
    ] as const)
      assert.match(JSON.stringify(await evaluate(expression)), wanted, expression);
  });

  it("cannot change what the next call sees", async () => {
    await attempt(`function main() {
      Object.prototype.polluted = 1; Array.prototype.map = null; JSON.parse = () => ({}); globalThis.left = "secret";
      return [];
    }`);
    assert.deepEqual(
      await attempt("function main() { return [typeof left, {}.polluted ?? 'clean', [1].map(x => x)] }"),
      ["undefined", "clean", [1]],
    );
  });

  it("cannot pollute the prototypes of this program with its result", async () => {
    const value = await attempt(
      `function main() { return JSON.parse('{"a": {"__proto__": {"polluted": 1}}, "__proto__": {"polluted": 1}, "b": {"constructor": {"prototype": {"polluted": 1}}}}') }`,
    );
    assert.deepEqual(JSON.stringify(value), '{"a":{},"b":{"constructor":{"prototype":{"polluted":1}}}}');
    assert.equal(Reflect.get({}, "polluted"), undefined);
    assert.deepEqual(Object.assign({}, value), value);
  });

  it("is ended when the run is cancelled", async () => {
    const reason = new Error("cancelled");
    const controller = new AbortController();
    const running = runner.run({
      language: "javascript",
      code: "for (;;) {}",
      inputs: {},
      signal: controller.signal,
    });
    setImmediate(() => controller.abort(reason));
    await assert.rejects(running, reason);
    await assert.rejects(
      runner.run({ language: "javascript", code: "", inputs: {}, signal: AbortSignal.abort(reason) }),
      reason,
    );
  });
});
