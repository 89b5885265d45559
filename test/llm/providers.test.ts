import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../src/base/secret.ts";
import type { ConfiguredModel } from "../../src/llm/model-options.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createTestClient, KEY, modelRequest, startFrames } from "./model-setup.ts";

const model = (more: Partial<ConfiguredModel>): ConfiguredModel => ({
  name: "main",
  provider: "google",
  model: "some-model",
  apiKey: new Secret(KEY),
  ...more,
});

const MESSAGES = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Say it" },
] as const;

test("OpenAI is called by its chat API with the key", async () => {
  await using standIn = await startModelStandIn({ apiKeys: [KEY], models: ["gpt-4o"], script: () => "hi" });
  const { client } = createTestClient([model({ provider: "openai", model: "gpt-4o", baseUrl: standIn.url })]);
  const result = await client.generate(
    modelRequest({
      messages: MESSAGES,
      parameters: { max_tokens: 9, seed: 1 },
      responseSchema: { type: "object" },
    }),
  );
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(result.value.finishReason, "stop");
  const chat = standIn.calls()[0]?.chat;
  assert.equal(chat?.seed, 1);
  assert.equal(chat?.response_format?.type, "json_schema");
});

test("Google gets the key in its header, the schema in its words; its finish reasons become OpenAI's", async () => {
  await using server = await startFrames(() => [
    { candidates: [{ content: { role: "model", parts: [{ text: "안녕" }] } }] },
    {
      candidates: [{ content: { role: "model", parts: [{ text: "!" }] }, finishReason: "MAX_TOKENS" }],
      usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 },
    },
  ]);
  const { client } = createTestClient([model({ provider: "google", baseUrl: server.url })]);
  const result = await client.generate(
    modelRequest({
      messages: MESSAGES,
      parameters: { max_output_tokens: 9 },
      responseSchema: { type: "object" },
    }),
  );
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(result.value.text, "안녕!");
  assert.equal(result.value.finishReason, "length");
  assert.deepEqual([result.value.usage.promptTokens, result.value.usage.completionTokens], [7, 3]);
  assert.equal(server.seen[0]?.headers["x-goog-api-key"], KEY);
  assert.match(server.seen[0]?.url ?? "", /models\/some-model:streamGenerateContent/);
  assert.match(JSON.stringify(server.seen[0]?.body), /"maxOutputTokens":9/);
  assert.match(JSON.stringify(server.seen[0]?.body), /application\/json/);
});

test("Anthropic gets the key in its header; thinking comes apart from the text", async () => {
  await using server = await startFrames(() => [
    {
      type: "message_start",
      message: {
        id: "m",
        type: "message",
        role: "assistant",
        model: "some-model",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 11, output_tokens: 1 },
      },
    },
    { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } },
    { type: "content_block_stop", index: 0 },
    { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "hi" } },
    { type: "content_block_stop", index: 1 },
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: 5 },
    },
    { type: "message_stop" },
  ]);
  const { client } = createTestClient([model({ provider: "anthropic", baseUrl: server.url })]);
  const result = await client.generate(modelRequest({ messages: MESSAGES }));
  assert.ok(result.ok, JSON.stringify(result));
  const { text: said, reasoning, finishReason, usage } = result.value;
  assert.deepEqual([said, reasoning, finishReason], ["hi", "hm", "stop"]);
  assert.deepEqual([usage.promptTokens, usage.completionTokens], [11, 5]);
  assert.equal(server.seen[0]?.headers["x-api-key"], KEY);
  assert.match(JSON.stringify(server.seen[0]?.body), /Be brief/);
});
