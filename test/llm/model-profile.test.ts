import assert from "node:assert/strict";
import { createServer } from "node:http";
import { suite, test } from "node:test";
import { estimateTokens } from "../../src/base/estimate-tokens.ts";
import { Secret } from "../../src/base/secret.ts";
import { askWindow, type AskedWindow } from "../../src/llm/ask-window.ts";
import { createModelProfile } from "../../src/llm/model-profile.ts";
import type { ConfiguredModel } from "../../src/llm/model-options.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { fc } from "../properties.ts";
import { createTestClient, KEY, modelRequest, standInModel } from "./model-setup.ts";

const MODEL: ConfiguredModel = {
  name: "main",
  provider: "openai-compatible",
  model: "stand-in",
  baseUrl: "http://127.0.0.1:9/v1",
  apiKey: null,
};
const silent = async () => null;
const profileOf = (ask: () => Promise<AskedWindow> = silent, more: Partial<ConfiguredModel> = {}) => {
  let nowMs = 0;
  const profile = createModelProfile({ ...MODEL, ...more }, { now: () => nowMs }, ask);
  return { profile, pass: (ms: number) => void (nowMs += ms) };
};

/** A prompt as reviews send it: instructions that stay and a part of a change in one of these kinds. */
const INSTRUCTIONS =
  "You review one part of a merge request. Report what is wrong, with its evidence.\n".repeat(100);
const KINDS = [
  (n: number) => `${String(n).padStart(5)}  +  | const total${n} = items.map((item) => item.price * ${n});\n`,
  (n: number) => `${String(n).padStart(5)}  +  | // 合計金額を${n}回計算して、結果を返します。\n`,
  (n: number) => `${String(n).padStart(5)}  +  |   "node_modules/pkg-${n}": { "version": "1.${n}.0" },\n`,
];
const promptOf = (kind: number, lines: number): string =>
  INSTRUCTIONS + Array.from({ length: lines }, (_, n) => KINDS[kind % KINDS.length]?.(n) ?? "").join("");

suite("how a model counts", () => {
  test("after fifty reported calls a prompt's count is known within 15 %", async () => {
    await using standIn = await startModelStandIn({ script: () => "fine" });
    let seen: (prompt: string) => number = () => Number.NaN;
    const profile = createModelProfile(standInModel(standIn), { now: Date.now });
    const { client } = createTestClient([standInModel(standIn)], { profiles: { of: () => profile } });
    const send = async (prompt: string): Promise<number> => {
      const answer = await client.generate(modelRequest({ messages: [{ role: "user", content: prompt }] }));
      assert.ok(answer.ok);
      return answer.value.usage.promptTokens ?? Number.NaN;
    };
    assert.equal(profile.tokenRatio(), null);
    for (let call = 0; call < 50; call += 1) await send(promptOf(call, 20 + ((call * 37) % 200)));
    seen = profile.countTokens;
    for (const [kind, lines] of [
      [0, 150],
      [1, 60],
      [2, 90],
      [0, 33],
    ] as const) {
      const prompt = promptOf(kind, lines);
      const counted = seen(prompt);
      const reported = await send(prompt);
      assert.ok(Math.abs(counted / reported - 1) <= 0.15, `${counted} for ${reported}`);
    }
  });

  test("the median of the last fifty holds for any tokenizer, whatever a few servers report", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.4, max: 2.5, noNaN: true }),
        fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 20 }),
        fc.integer({ min: 0, max: 1_000 }),
        (factor, wrong, seed) => {
          const { profile } = profileOf();
          for (const reported of wrong) profile.learnCount(promptOf(reported, 100), reported);
          for (let call = 0; call < 50; call += 1) {
            const prompt = promptOf(0, 20 + ((call * 37 + seed) % 400));
            // Tokenizers differ by a few per cent from text to text.
            const noise = 1 + (((call * 7919) % 13) - 6) / 100;
            profile.learnCount(prompt, Math.round(estimateTokens(prompt) * factor * noise));
          }
          const ratio = profile.tokenRatio() ?? Number.NaN;
          assert.ok(Math.abs(ratio / factor - 1) <= 0.15, `${ratio} for ${factor}`);
        },
      ),
    );
  });

  test("nothing, a constant and the window of a server that cuts teach nothing", () => {
    for (const reported of [0, 1, 4_096, 1_000_000]) {
      const { profile } = profileOf();
      for (let lines = 120; lines < 170; lines += 1) profile.learnCount(promptOf(0, lines * 2), reported);
      assert.equal(profile.tokenRatio(), null, String(reported));
      assert.equal(profile.countTokens(INSTRUCTIONS), estimateTokens(INSTRUCTIONS));
    }
  });
});

suite("how much a model reads", () => {
  test("what is set wins, and nobody is asked", async () => {
    const { profile } = profileOf(async () => assert.fail("asked"), { contextWindow: 32_000 });
    profile.learnWindow(4_096);
    assert.equal(await profile.findWindow(), 32_000);
  });

  test("a server is asked once in ten minutes, and at the next call where it had not loaded the model", async () => {
    let asked = 0;
    let answer: AskedWindow = "not-loaded";
    const { profile, pass } = profileOf(async () => {
      asked += 1;
      return answer;
    });
    assert.deepEqual(await Promise.all([profile.findWindow(), profile.findWindow()]), [null, null]);
    assert.equal(asked, 1);
    answer = 4_096;
    pass(5_000);
    assert.equal(await profile.findWindow(), 4_096);
    pass(599_999);
    assert.equal(await profile.findWindow(), 4_096);
    assert.equal(asked, 2);
    answer = null;
    pass(1);
    assert.equal(await profile.findWindow(), 4_096);
    assert.equal(asked, 3);
  });

  test("a refusal says more than the server's own word, until it has another window", async () => {
    let answer: AskedWindow = 8_192;
    const { profile, pass } = profileOf(async () => answer);
    assert.equal(await profile.findWindow(), 8_192);
    profile.learnWindow(4_096);
    assert.equal(profile.knownWindow(), 4_096);
    answer = 16_384;
    pass(600_000);
    assert.equal(await profile.findWindow(), 16_384);
  });

  const startServer = async (answers: Readonly<Record<string, unknown>>) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const { pathname, search } = new URL(request.url ?? "/", "http://server");
      asked.push(`${pathname}${search} ${request.headers.authorization ?? ""}`.trim());
      const answer = answers[pathname];
      response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(typeof answer === "string" ? answer : JSON.stringify(answer ?? { error: "not found" }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    return {
      url: `http://127.0.0.1:${address.port}`,
      asked,
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
      },
    };
  };
  const LISTED = { object: "list", data: [{ id: "smol", object: "model" }] };
  const ASKED: readonly (readonly [string, Readonly<Record<string, unknown>>, AskedWindow])[] = [
    ["vLLM", { "/v1/models": { data: [{ id: "smol", max_model_len: 32_768 }] } }, 32_768],
    [
      "Ollama",
      {
        "/v1/models": LISTED,
        "/api/ps": { models: [{ name: "other:latest" }, { name: "smol:latest", context_length: 4_096 }] },
        "/api/show": { model_info: { "llama.context_length": 8_192 } },
      },
      4_096,
    ],
    ["Ollama before the model is loaded", { "/v1/models": LISTED, "/api/ps": { models: [] } }, "not-loaded"],
    [
      "llama-server",
      { "/v1/models": LISTED, "/props": { default_generation_settings: { n_ctx: 2_048 } } },
      2_048,
    ],
    ["a server that says nothing", { "/v1/models": LISTED }, null],
    ["pages for everything", { "/v1/models": "<html>", "/api/ps": "<html>", "/props": "<html>" }, null],
    ["wrong types", { "/v1/models": { data: [{ id: "smol", max_model_len: "many" }] }, "/props": [] }, null],
    ["an endless list", { "/v1/models": `[${"1,".repeat(1_000_000)}1]` }, null],
  ];
  for (const [name, answers, window] of ASKED)
    test(`${name}: ${String(window)}`, async () => {
      await using server = await startServer(answers);
      const at = { model: "smol", baseUrl: `${server.url}/v1`, apiKey: new Secret(KEY) };
      assert.equal(await askWindow({ ...MODEL, ...at }), window);
      assert.ok(server.asked.every((one) => one.endsWith(`Bearer ${KEY}`)));
      assert.ok(server.asked.length <= 3);
    });

  test("a query goes along; no server, and a provider's own API, are no failure", async () => {
    await using server = await startServer({});
    await askWindow({ ...MODEL, baseUrl: `${server.url}/v1?api-version=1` });
    assert.deepEqual(
      server.asked,
      ["/v1/models", "/api/ps", "/props"].map((path) => `${path}?api-version=1`),
    );
    assert.equal(await askWindow(MODEL), null);
    assert.equal(await askWindow({ ...MODEL, provider: "openai", baseUrl: `${server.url}/v1` }), null);
    assert.equal(server.asked.length, 3);
  });
});
