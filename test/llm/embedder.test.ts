import { plain } from "../messages/plain.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { ConfigError, ModelError } from "../../src/base/errors.ts";
import { Secret } from "../../src/base/secret.ts";
import { createEmbedder, type EmbedderOptions } from "../../src/llm/embedder.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { KEY } from "./model-setup.ts";

const options = (baseUrl: string): EmbedderOptions => ({
  name: "vectors",
  provider: "openai-compatible",
  model: "stand-in-embedding",
  baseUrl,
  apiKey: new Secret(KEY),
  clock: systemClock,
  retry: { attempts: 3, baseMs: 1, maxMs: 100 },
});
const { signal } = new AbortController();

test("texts are embedded in batches, in order, after a retry", async () => {
  await using standIn = await startModelStandIn({ apiKeys: [KEY] });
  const embed = createEmbedder({ ...options(standIn.url), batchSize: 2 });
  standIn.fail({ kind: "status", status: 429, retryAfterMs: "5" });
  const vectors = await embed(["a", "b", "c", "d", "a"], signal);
  assert.equal(vectors.length, 5);
  assert.deepEqual(vectors[0], vectors[4]);
  assert.notDeepEqual(vectors[0], vectors[1]);
  assert.equal(standIn.calls().length, 4);
  assert.deepEqual(await embed([], signal), []);
});

test("a failure for good is a ModelError without the key; a hang is ended", async () => {
  await using standIn = await startModelStandIn();
  const embed = createEmbedder(options(standIn.url));
  standIn.fail({ kind: "status", status: 401, echoKey: true });
  await assert.rejects(embed(["a"], signal), (error) => {
    assert.ok(error instanceof ModelError);
    assert.match(plain(error.what), /\bmodel\.unauthorized name=vectors /);
    assert.ok(!error.message.includes(KEY));
    return true;
  });
  standIn.fail({ kind: "hang" }, { kind: "hang" }, { kind: "hang" });
  const impatient = createEmbedder({ ...options(standIn.url), timeoutMs: 60 });
  await assert.rejects(impatient(["a"], signal), (error) => error instanceof ModelError && error.retryable);
});

test("a provider without embeddings is a mistake of the configuration", () => {
  assert.throws(
    () => createEmbedder({ ...options("http://localhost/v1"), provider: "anthropic" }),
    ConfigError,
  );
});
