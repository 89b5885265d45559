import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { concurrencyOf, createModelSlots } from "../../src/llm/model-slots.ts";
import { isPromptCut } from "../../src/llm/usage.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import type { RefusedName, ServerKind } from "../../standins/model/server-kinds.ts";
import { createTestClient, modelRequest, standInModel } from "./model-setup.ts";

const MESSAGES = [
  { role: "system", content: "Answer in JSON." },
  { role: "user", content: "Review this" },
] as const;
const SCHEMA = { type: "object", properties: { findings: { type: "array" } } };
const FULL = modelRequest({
  messages: MESSAGES,
  parameters: { temperature: 0.2, max_tokens: 100, reasoning_effort: "low" },
  responseSchema: SCHEMA,
});

suite("a part that a server refuses by name", () => {
  const gone: Readonly<Record<RefusedName, (body: Record<string, unknown>) => unknown>> = {
    temperature: ({ temperature }) => temperature,
    stream: ({ stream }) => stream === true || undefined,
    stream_options: ({ stream_options: options }) => options,
    json_schema: ({ response_format: format }) =>
      JSON.stringify(format).includes("json_schema") ? format : undefined,
    response_format: ({ response_format: format }) => format,
    reasoning_effort: ({ reasoning_effort: effort }) => effort,
    max_tokens: ({ max_tokens: limit }) => limit,
    system: ({ messages }) => (JSON.stringify(messages).includes('"system"') ? messages : undefined),
  };
  const bodiesOf = (standIn: Awaited<ReturnType<typeof startModelStandIn>>) =>
    standIn.calls().map(({ body }) => JSON.stringify(body));

  for (const name of Object.keys(gone).filter((key): key is RefusedName => key in gone)) {
    test(`${name}: left out, asked again once, remembered`, async () => {
      await using standIn = await startModelStandIn({ refuses: [name], script: () => "{}" });
      const { client, lines } = createTestClient([standInModel(standIn)]);
      for (const calls of [2, 3]) {
        const answer = await client.generate(FULL);
        assert.ok(answer.ok, JSON.stringify(answer));
        assert.equal(standIn.chatCount(), calls);
      }
      const last = standIn.calls().at(-1)?.chat;
      assert.ok(last);
      assert.equal(gone[name](last), undefined);
      assert.match(JSON.stringify(last.messages), /Answer in JSON\./);
      assert.equal(lines.filter(({ fields }) => "part" in fields).length, 1);
    });
  }

  test("several at once are left out one after the other, and no request is sent twice", async () => {
    const refuses = ["temperature", "max_tokens", "system", "response_format", "stream"] as const;
    await using standIn = await startModelStandIn({ refuses, script: () => "{}" });
    const { client } = createTestClient([standInModel(standIn)]);
    assert.ok((await client.generate(FULL)).ok);
    const bodies = bodiesOf(standIn);
    assert.equal(new Set(bodies).size, bodies.length);
    assert.equal(standIn.calls().at(-1)?.chat?.max_completion_tokens, 100);
  });

  test("a refusal that names nothing of the request is final after the plain form was tried", async () => {
    await using standIn = await startModelStandIn({ script: () => "{}" });
    standIn.fail(
      ...Array.from({ length: 9 }, () => ({ kind: "status", status: 400, message: "No." }) as const),
    );
    const { client } = createTestClient([standInModel(standIn)]);
    const answer = await client.generate(FULL);
    assert.ok(!answer.ok && !answer.retryable);
    const bodies = bodiesOf(standIn);
    assert.equal(new Set(bodies).size, bodies.length);
  });

  test("llama-cpp-python refuses a schema with status 500", async () => {
    await using standIn = await startModelStandIn({
      kind: "llama-cpp-python",
      refuses: ["json_schema"],
      script: () => "{}",
    });
    const { client } = createTestClient([standInModel(standIn)]);
    assert.ok((await client.generate(FULL)).ok);
    assert.equal(standIn.calls().at(-1)?.chat?.response_format?.type, "json_object");
  });
});

suite("a prompt that is longer than the window", () => {
  const LONG = modelRequest({
    messages: [{ role: "user", content: "const value = compute(3);\n".repeat(2_000) }],
  });
  const KINDS: readonly (readonly [ServerKind, number])[] = [
    ["openai", 1],
    ["llama-server", 1],
    ["llama-cpp-python", 2],
    ["litellm", 2],
    ["ollama", 1],
  ];
  for (const [kind, calls] of KINDS) {
    for (const stream of [true, false]) {
      test(`${kind}, stream ${stream}: final, with the window, and no answer to a cut prompt`, async () => {
        await using standIn = await startModelStandIn({ kind, contextWindow: 4_096, script: () => "fine" });
        const { client, lines } = createTestClient([standInModel(standIn, { stream })]);
        const answer = await client.generate(LONG);
        assert.ok(!answer.ok, JSON.stringify(answer));
        assert.equal(answer.retryable, false);
        assert.deepEqual(answer.contextLimit, { windowTokens: 4_096 });
        assert.equal(standIn.chatCount(), stream ? calls : 1);
        assert.equal(lines.filter(({ fields }) => "pauseMs" in fields).length, 0);
      });
    }
  }

  test("a count that a tokenizer may well give is no cut", () => {
    const code = "const value = compute(3);\n".repeat(1_000);
    const chinese = "这里检查输入是否为空,然后返回结果。".repeat(1_000);
    for (const [prompt, reported] of [
      [code, 6_500],
      [code, 8_192],
      [chinese, 11_000],
      ["short", 1],
    ] as const) {
      assert.equal(isPromptCut(prompt, reported), false);
    }
    for (const [prompt, reported] of [
      [code, 4_096],
      [code, 2_000],
      [chinese, 4_096],
    ] as const) {
      assert.equal(isPromptCut(prompt, reported), true);
    }
  });
});

suite("answers in other forms", () => {
  test("one JSON body in place of a stream is read as one", async () => {
    await using standIn = await startModelStandIn({
      script: () => ({ text: "all at once", reasoning: "hm" }),
    });
    standIn.fail({ kind: "json-for-stream" });
    const { client } = createTestClient([standInModel(standIn)]);
    const pieces: string[] = [];
    const answer = await client.generate(modelRequest({ onText: (piece) => void pieces.push(piece) }));
    assert.ok(answer.ok, JSON.stringify(answer));
    const { text, reasoning, finishReason, usage } = answer.value;
    assert.deepEqual([text, reasoning, finishReason], ["all at once", "hm", "stop"]);
    assert.ok((usage.completionTokens ?? 0) > 0);
    assert.deepEqual([pieces.join(""), standIn.chatCount()], ["all at once", 1]);
  });

  test("a stream that ends in [DONE] without a finish reason is whole", async () => {
    await using standIn = await startModelStandIn({ script: () => "whole" });
    standIn.fail({ kind: "no-finish", isDone: true });
    const { client } = createTestClient([standInModel(standIn)]);
    const answer = await client.generate(modelRequest());
    assert.ok(answer.ok && answer.value.text === "whole" && answer.value.finishReason === "stop");
    assert.equal(standIn.chatCount(), 1);
  });

  for (const stream of [true, false])
    for (const [kind, finishReason] of [
      ["content-filter", "content_filter"],
      ["length", "length"],
      ["tool-call", "tool_calls"],
    ] as const)
      test(`a finish reason is told, stream ${stream}: ${finishReason}`, async () => {
        await using standIn = await startModelStandIn({ script: () => "one two three four" });
        standIn.fail({ kind });
        const { client } = createTestClient([standInModel(standIn, { stream })]);
        const answer = await client.generate(modelRequest());
        assert.ok(answer.ok, JSON.stringify(answer));
        assert.equal(answer.value.finishReason, finishReason);
        assert.equal(answer.value.text === "", kind !== "length");
        assert.equal(standIn.chatCount(), 1);
      });

  for (const [finishReason, line] of [
    ["repetition", "the same again\n"],
    ["repetition", "one\n\ntwo\nthree\n"],
    ["too_long", `${"word".repeat(20)} `],
  ] as const) {
    test(`an answer that does not end is cut: ${finishReason} of ${JSON.stringify(line.slice(0, 20))}`, async () => {
      await using standIn = await startModelStandIn({ script: () => "A start.\n" + line.repeat(4_000) });
      const { client } = createTestClient([standInModel(standIn)]);
      const answer = await client.generate(modelRequest());
      assert.ok(answer.ok);
      assert.equal(answer.value.finishReason, finishReason);
      assert.ok(answer.value.text.startsWith("A start."));
      assert.ok(answer.value.text.length <= 201_000);
      assert.equal(standIn.chatCount(), 1);
    });
  }

  test("lines that repeat less than twenty times in a row are an answer like any other", async () => {
    const text = "},\n".repeat(19) + "]\n" + '"severity": "minor",\n"line": 1,\n'.repeat(15);
    await using standIn = await startModelStandIn({ script: () => text });
    const { client } = createTestClient([standInModel(standIn)]);
    const answer = await client.generate(modelRequest());
    assert.ok(answer.ok && answer.value.text === text && answer.value.finishReason === "stop");
  });
});

suite("a slow server", () => {
  test("pings while it reads the prompt are signs of life", async () => {
    await using standIn = await startModelStandIn({
      kind: "llama-cpp-python",
      msPerPromptToken: 120,
      pingMs: 20,
      script: () => "done",
    });
    const timeouts = { firstTokenMs: 300, idleMs: 300 };
    const { client } = createTestClient([standInModel(standIn, { timeouts })]);
    const answer = await client.generate(modelRequest());
    assert.ok(answer.ok, JSON.stringify(answer));
    assert.equal(standIn.chatCount(), 1);
  });

  test("a stream that moves is waited for, however long it is", async () => {
    await using standIn = await startModelStandIn({
      msPerPiece: 15,
      script: () => "one two three ".repeat(12),
    });
    const { client } = createTestClient([standInModel(standIn, { timeouts: { idleMs: 200 } })]);
    const answer = await client.generate(modelRequest());
    assert.ok(answer.ok);
    assert.equal(standIn.chatCount(), 1);
  });
});

suite("calls at once", () => {
  test("one at a local address, eight at a public one, what is set otherwise", () => {
    const local = [
      "http://127.0.0.1:11434/v1",
      "http://[::1]/v1",
      "http://10.1.2.3/v1",
      "http://gpu:8000/v1",
      "http://gpu.lan/v1",
    ];
    assert.deepEqual(
      local.map((baseUrl) => concurrencyOf({ baseUrl })),
      local.map(() => 1),
    );
    assert.equal(concurrencyOf({ baseUrl: "https://api.example.com/v1" }), 8);
    assert.equal(concurrencyOf({}), 8);
    assert.equal(concurrencyOf({ baseUrl: "http://10.1.2.3/v1", concurrency: 3 }), 3);
  });

  test("twelve calls to a server whose second call breaks the first are answered one by one", async () => {
    await using standIn = await startModelStandIn({
      kind: "llama-cpp-python",
      msPerPiece: 2,
      script: () => "one two three four",
    });
    const { client } = createTestClient([standInModel(standIn)]);
    let queued = 0;
    let served = 0;
    const onQueued = () => {
      queued += 1;
      return () => void (served += 1);
    };
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => client.generate(modelRequest({ onQueued }))),
    );
    assert.deepEqual(
      answers.map(({ ok }) => ok),
      answers.map(() => true),
    );
    assert.equal(standIn.chatCount(), 12);
    assert.deepEqual([queued, served], [11, 11]);
  });

  test("a call that is aborted while it waits takes no place, and its reason is given", async () => {
    const slots = createModelSlots({ concurrency: 1 });
    const first = Promise.withResolvers<void>();
    const running = slots.run({ signal: new AbortController().signal }, () => first.promise);
    const abort = new AbortController();
    const reason = new Error("superseded");
    const order: string[] = [];
    const waiting = slots.run({ signal: abort.signal }, async () => void order.push("aborted"));
    const next = slots.run({ signal: new AbortController().signal }, async () => void order.push("next"));
    abort.abort(reason);
    await assert.rejects(waiting, reason);
    first.resolve();
    await Promise.all([running, next]);
    assert.deepEqual(order, ["next"]);
  });
});
