/**
 * What somebody sees who reviews with each model server: a test for each row of the table of what real servers do
 * (docs/operations.md "Model servers"), in each column that the row says something of.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import type { ServerKind } from "../../standins/model/server-kinds.ts";
import { createTestClient, modelRequest, standInModel } from "./model-setup.ts";
import { assertWhole, playReview } from "./played-review.ts";

const KINDS: readonly ServerKind[] = ["llama-cpp-python", "litellm", "llama-server", "ollama"];

suite("default context", () => {
  for (const kind of KINDS)
    test(kind, async () => {
      const played = await playReview({ server: { kind } });
      if (kind !== "llama-cpp-python") return assertWhole(played);
      // 2,048 tokens: our instructions alone are longer.
      assert.equal(played.code, 2);
      assert.match(played.err, /limits\.unit_tokens/);
    });

  test("ollama, of a window that the instructions alone fill: nothing counts as reviewed", async () => {
    const played = await playReview({ server: { kind: "ollama", contextWindow: 2_048 } });
    assert.equal(played.code, 2);
    assert.match(played.err, /OLLAMA_CONTEXT_LENGTH/);
  });
});

for (const stream of [true, false])
  suite(`prompt too long, ${stream ? "" : "not "}streamed`, () => {
    for (const kind of KINDS)
      test(`${kind}: what is left is cut smaller, and reviewed whole`, async () => {
        const server = { kind, contextWindow: 8_192 };
        assertWhole(await playReview({ server, files: 4, lines: 250, model: { stream } }), 4);
      });
  });

suite("the window in force", () => {
  for (const [kind, path] of [
    ["llama-server", "/props"],
    ["ollama", "/api/ps"],
  ] as const)
    test(`${kind} is asked for it where it says so`, async () => {
      const played = await playReview({ server: { kind, contextWindow: 8_192 }, files: 4, lines: 250 });
      assertWhole(played, 4);
      assert.ok(played.asked.includes(path));
      assert.ok(!played.asked.includes("/api/show"));
    });
});

suite("json_schema", () => {
  const schema = { type: "object", properties: { findings: { type: "array" } } };
  for (const kind of KINDS)
    test(`${kind}: an answer by schema is had, with at most one refusal in the life of the process`, async () => {
      await using standIn = await startModelStandIn({ kind, contextWindow: null });
      const { client } = createTestClient([standInModel(standIn)]);
      const messages = [{ role: "user", content: "Answer in JSON." }] as const;
      for (let call = 0; call < 2; call += 1)
        assert.ok((await client.generate(modelRequest({ messages, responseSchema: schema }))).ok);
      const statuses = standIn.calls().map(({ status }) => status);
      assert.deepEqual(statuses, kind === "llama-cpp-python" ? [500, 200, 200] : [200, 200]);
      const last = standIn.calls().at(-1)?.chat?.response_format?.type;
      assert.equal(last, kind === "llama-cpp-python" ? "json_object" : "json_schema");
    });
});

suite("json_object", () => {
  for (const kind of KINDS)
    test(`${kind}: any JSON is had, without a refusal`, async () => {
      await using standIn = await startModelStandIn({ kind, contextWindow: null, script: () => "{}" });
      const { client } = createTestClient([standInModel(standIn)]);
      const messages = [{ role: "user", content: "Answer in JSON." }] as const;
      const parameters = { response_format: "json_object" };
      assert.ok((await client.generate(modelRequest({ messages, parameters }))).ok);
      const [{ chat, status } = assert.fail("not asked")] = standIn.calls();
      assert.deepEqual([chat?.response_format, status], [{ type: "json_object" }, 200]);
    });
});

suite("a model that the server does not have", () => {
  for (const kind of [...KINDS, "openai"] as const)
    test(`${kind}: the review fails at the first call, and the message names the setting`, async () => {
      const played = await playReview({ server: { kind, contextWindow: null }, model: { model: "nope" } });
      assert.equal(played.code, 2);
      assert.match(played.err, /models\.default\.model/);
      assert.equal(played.bodies.length, 1);
    });
});

suite("a second request", () => {
  for (const kind of KINDS)
    test(`${kind}: many parts are reviewed one at a time, and none breaks another`, async () => {
      const server = { kind, contextWindow: null, msPerPiece: 250 };
      const played = await playReview({ server, files: 4, lines: 40, unitTokens: 900 });
      assertWhole(played, 4);
      assert.ok(played.bodies.length >= 4);
      assert.equal(new Set(played.bodies).size, played.bodies.length);
    });
});

suite("signs of life, and usage in a stream", () => {
  for (const kind of KINDS)
    test(`${kind}: minutes of reading are waited for; what was read is told, counted by us where the server is silent`, async () => {
      const server = { kind, contextWindow: null, msPerPromptToken: 50 };
      const played = await playReview({ server, lines: 250 });
      assertWhole(played);
      const { promptTokens, completionTokens } = played.report?.usage ?? assert.fail();
      assert.ok(promptTokens > 4_000 && promptTokens < 16_000, String(promptTokens));
      assert.ok(completionTokens > 50, String(completionTokens));
    });
});

suite("killed in mid-stream", () => {
  for (const kind of KINDS)
    test(`${kind}: asked again, and the review is whole`, async () => {
      const played = await playReview({
        server: { kind, contextWindow: null },
        faults: [{ kind: "killed", afterPieces: 5 }],
      });
      assertWhole(played);
      assert.equal(played.bodies.length, 2);
    });
});

suite("down, loading", () => {
  for (const kind of KINDS) {
    test(`${kind}: a server that is back at the next attempt has the review whole`, async () => {
      assertWhole(
        await playReview({ server: { kind, contextWindow: null }, faults: [{ kind: "not-ready" }] }),
      );
    });
    test(`${kind}: one that stays away fails the review, and the message names the model's section`, async () => {
      const faults = Array.from({ length: 40 }, () => ({ kind: "not-ready" }) as const);
      const played = await playReview({ server: { kind, contextWindow: null }, faults });
      if (kind === "ollama") return assertWhole(played);
      assert.equal(played.code, 2);
      assert.match(played.err, /"default" \(stand-in\)|models\.default/);
    });
  }
});
