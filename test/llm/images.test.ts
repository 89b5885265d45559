import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Secret } from "../../src/base/secret.ts";
import type { ModelMessage } from "../../src/flow/ports.ts";
import type { ConfiguredModel } from "../../src/llm/model-options.ts";
import { createTestClient, KEY, modelRequest, startFrames } from "./model-setup.ts";

const MESSAGES: readonly ModelMessage[] = [
  {
    role: "user",
    content: "What is this?",
    images: [{ mediaType: "image/png", data: "aGVsbG8=", detail: "low" }],
  },
];

/** Where each protocol has the user's message, and what it holds there. */
const WIRES = {
  openai: [
    "messages",
    [
      { type: "image_url", image_url: { url: "data:image/png;base64,aGVsbG8=", detail: "low" } },
      { type: "text", text: "What is this?" },
    ],
  ],
  "openai-compatible": [
    "messages",
    [
      { type: "image_url", image_url: { url: "data:image/png;base64,aGVsbG8=" } },
      { type: "text", text: "What is this?" },
    ],
  ],
  google: [
    "contents",
    [{ inlineData: { mimeType: "image/png", data: "aGVsbG8=" } }, { text: "What is this?" }],
  ],
  anthropic: [
    "messages",
    [
      { type: "image", source: { type: "base64", media_type: "image/png", data: "aGVsbG8=" } },
      { type: "text", text: "What is this?" },
    ],
  ],
} as const satisfies Record<ConfiguredModel["provider"], readonly [string, readonly object[]]>;

suite("an image in each provider's protocol", () => {
  for (const provider of ["openai", "openai-compatible", "google", "anthropic"] as const)
    test(provider, async () => {
      await using server = await startFrames(() => ({ refused: { error: { message: "seen enough" } } }));
      const model = { name: "main", provider, model: "m", apiKey: new Secret(KEY), baseUrl: server.url };
      await createTestClient([model]).client.generate(modelRequest({ messages: MESSAGES }));
      const [field, parts] = WIRES[provider];
      const body = server.seen[0]?.body;
      assert.ok(typeof body === "object" && body !== null);
      const sent: unknown = Reflect.get(body, field);
      assert.deepEqual(sent, [{ role: "user", [field === "contents" ? "parts" : "content"]: parts }]);
    });
});
