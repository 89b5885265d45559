import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { ConfigError } from "../../src/base/errors.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createTestClient, KEY, modelRequest, standInModel } from "./model-setup.ts";

for (const stream of [true, false]) {
  test(`an answer has text, reasoning, finish reason, usage and price (stream: ${stream})`, async () => {
    await using standIn = await startModelStandIn({
      apiKeys: [KEY],
      script: () => ({ text: "안녕하세요, all is well", reasoning: "thinking hard" }),
    });
    const price = { inputPerMillion: 2, outputPerMillion: 10, currency: "EUR" };
    const { client, records } = createTestClient([standInModel(standIn, { stream, price })]);
    const pieces: string[] = [];
    const result = await client.generate(
      modelRequest({
        messages: [
          { role: "system", content: "You review." },
          { role: "user", content: "Review this" },
          { role: "assistant", content: "ok" },
          { role: "user", content: "go on" },
        ],
        onText: (piece) => void pieces.push(piece),
      }),
    );
    assert.ok(result.ok);
    const { text, reasoning, finishReason, usage } = result.value;
    assert.equal(text, "안녕하세요, all is well");
    assert.equal(reasoning, "thinking hard");
    assert.equal(finishReason, "stop");
    const { promptTokens, completionTokens, totalPrice } = usage;
    assert.ok(promptTokens !== null && completionTokens !== null && totalPrice !== null);
    assert.ok(promptTokens > 0 && completionTokens > 0);
    assert.equal(usage.totalTokens, promptTokens + completionTokens);
    assert.equal(usage.currency, "EUR");
    assert.ok(Math.abs(totalPrice - (promptTokens * 2 + completionTokens * 10) / 1e6) < 1e-9);
    assert.equal(pieces.join(""), stream ? text : "");
    assert.ok(!stream || pieces.length > 3);
    assert.deepEqual(
      standIn.calls()[0]?.chat?.messages.map(({ role }) => role),
      ["system", "user", "assistant", "user"],
    );
    assert.deepEqual(
      records.map(({ model, outcome, attempt }) => [model, outcome, attempt]),
      [["main", "ok", 1]],
    );
  });
}

test("the file's parameters reach the server under OpenAI's names, overridden by the operator's", async () => {
  await using standIn = await startModelStandIn({ script: () => "x" });
  const { client, lines } = createTestClient([
    standInModel(standIn, {
      parameters: { temperature: 0.1, seed: null },
      extraBody: { metadata: { a: "b" } },
    }),
  ]);
  const parameters = {
    temperature: 0.9,
    top_p: "0.5",
    max_tokens: 100,
    presence_penalty: 0.2,
    frequency_penalty: -0.3,
    stop: ["END"],
    seed: 7,
    enable_thinking: true,
  };
  assert.ok((await client.generate(modelRequest({ parameters }))).ok);
  const {
    model: _,
    messages: __,
    stream: ___,
    stream_options: ____,
    ...sent
  } = standIn.calls()[0]?.chat ?? {};
  assert.deepEqual(sent, {
    temperature: 0.1,
    top_p: 0.5,
    max_tokens: 100,
    presence_penalty: 0.2,
    frequency_penalty: -0.3,
    stop: ["END"],
    metadata: { a: "b" },
  });
  assert.ok(lines.some(({ fields }) => JSON.stringify(fields["parameters"]) === '["enable_thinking"]'));
});

const SCHEMA = { type: "object", properties: { findings: { type: "array", items: { type: "string" } } } };

test("a schema travels as response format, and answers that are not quite JSON come back as they are", async () => {
  await using standIn = await startModelStandIn({ script: () => '{"findings": []}' });
  const { client } = createTestClient([standInModel(standIn)]);
  standIn.fail({ kind: "fenced" }, { kind: "prose-wrapped" }, { kind: "truncated-text" });
  const texts: string[] = [];
  for (let call = 0; call < 4; call += 1) {
    const result = await client.generate(modelRequest({ responseSchema: SCHEMA }));
    assert.ok(result.ok);
    texts.push(result.value.text);
  }
  assert.equal(texts[0], '```json\n{"findings": []}\n```');
  assert.match(texts[1] ?? "", /^Of course!/);
  assert.equal(texts[2], '{"findin');
  assert.equal(texts[3], '{"findings": []}');
  const format = standIn.calls()[0]?.chat?.response_format;
  assert.ok(format?.type === "json_schema");
  assert.deepEqual(format.json_schema.schema, SCHEMA);
  assert.equal(format.json_schema.strict, false);
});

test("a server without json_schema is asked for any JSON and by the prompt, and from then on at once", async () => {
  await using standIn = await startModelStandIn({ refuses: ["json_schema"], script: () => "{}" });
  const { client, lines } = createTestClient([standInModel(standIn, { apiKey: null })]);
  assert.ok((await client.generate(modelRequest({ responseSchema: SCHEMA }))).ok);
  assert.equal(standIn.chatCount(), 2);
  const [refused, taken] = standIn.calls();
  assert.equal(refused?.status, 400);
  assert.equal(taken?.chat?.response_format?.type, "json_object");
  assert.match(JSON.stringify(taken?.chat?.messages), /JSON Schema.*findings/);
  assert.equal(taken?.hadKey, false);
  assert.ok((await client.generate(modelRequest({ responseSchema: SCHEMA }))).ok);
  assert.equal(standIn.chatCount(), 3);
  assert.ok(lines.some(({ fields }) => fields["setting"] === "models.main.structured_output: json-object"));
});

test("finish reasons are OpenAI's words", async () => {
  await using standIn = await startModelStandIn({ script: () => "one two three four" });
  const { client } = createTestClient([standInModel(standIn)]);
  standIn.fail({ kind: "length" }, { kind: "content-filter" });
  const reasons: string[] = [];
  for (let call = 0; call < 3; call += 1) {
    const result = await client.generate(modelRequest());
    assert.ok(result.ok);
    reasons.push(result.value.finishReason);
  }
  assert.deepEqual(reasons, ["length", "content_filter", "stop"]);
});

test("a name that nothing covers fails and says what to configure; the routes decide who is asked", async () => {
  await using standIn = await startModelStandIn({ models: ["a", "b"], script: (request) => request.model });
  const models = [
    standInModel(standIn, { name: "first", model: "a" }),
    standInModel(standIn, { name: "second", model: "b" }),
  ];
  const routes = [
    { match: "*/gpt-4o*", model: "second" },
    { match: "langgenius/gemini/google/gemini-2.0-flash", model: "first" },
  ];
  const { client } = createTestClient(models, { routes, default: null });
  const ask = async (provider: string, name: string): Promise<string> => {
    const result = await client.generate(modelRequest({ provider, name }));
    return result.ok ? result.value.text : `${result.errorType}: ${result.message}`;
  };
  assert.equal(await ask("langgenius/openai/openai", "gpt-4o-mini"), "b");
  assert.equal(await ask("langgenius/gemini/google", "gemini-2.0-flash"), "a");
  assert.match(
    await ask("langgenius/tongyi/tongyi", "qwen-max"),
    /^ModelNotExistError: .*langgenius\/tongyi\/tongyi\/qwen-max.*model_routing\.routes.*model_routing\.default/,
  );
});

test("mistakes in the routing are all told at once", () => {
  assert.throws(
    () =>
      createTestClient(
        [
          { name: "x", provider: "openai", model: "gpt-4o", apiKey: null },
          { name: "l", provider: "openai-compatible", model: "m", apiKey: null },
          {
            name: "c",
            provider: "openai-compatible",
            model: "m",
            apiKey: null,
            baseUrl: "http://me:hunter2@localhost/v1",
          },
        ],
        {
          default: "y",
          fallback: "z",
        },
      ),
    (error) => {
      const problems = z.instanceof(ConfigError).parse(error).problems.map(plain);
      assert.equal(problems.length, 5);
      for (const wanted of [
        /models\.x\.api_key: model\.key-missing/,
        /models\.l: model\.nowhere/,
        /models\.c\.base_url: model\.address-with-password/,
        /model_routing\.default: model\.unknown name=y/,
        /model_routing\.fallback: model\.unknown name=z/,
      ]) {
        assert.ok(
          problems.some((problem) => wanted.test(problem)),
          String(wanted),
        );
      }
      assert.doesNotMatch(problems.join(), /hunter2/);
      return true;
    },
  );
});
