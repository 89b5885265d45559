import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { startModelStandIn } from "../../../standins/model/model-stand-in.ts";

const Completion = z.object({
  choices: z.array(
    z.object({ message: z.object({ content: z.string() }), finish_reason: z.string().nullable() }),
  ),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number(), total_tokens: z.number() }),
});
const Failure = z.object({ error: z.object({ message: z.string(), code: z.string().nullable() }) });

const post = (url: string, body: unknown, key?: string): Promise<Response> =>
  fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(body),
  });

const ask = (content: string, more: object = {}): object => ({
  model: "stand-in",
  messages: [{ role: "user", content }],
  ...more,
});

const answerOf = async (response: Response): Promise<string> =>
  Completion.parse(await response.json()).choices[0]?.message.content ?? "";

const GITLAB_DIFFS = JSON.stringify([
  { new_path: "src/a.ts", diff: "@@ -1,2 +1,3 @@\n-old\n+new\n+more\n same\n" },
  { new_path: "docs/b.md", diff: "@@ -1 +1 @@\n-x\n+y\n" },
]);

test("the default script says what it is and counts what is in the diff", async () => {
  await using standIn = await startModelStandIn();
  const english = await answerOf(await post(standIn.url, ask(`Review in English.\n${GITLAB_DIFFS}`)));
  assert.match(english, /scripted mock/);
  assert.match(english, /2 file\(s\): `src\/a.ts`, `docs\/b.md`.*added: 3.*removed: 2/);
  const unified = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n-a\n+b\n+c\n";
  assert.match(
    await answerOf(await post(standIn.url, ask(`한국어로 리뷰해 주세요\n${unified}`))),
    /모의.*파일 1개.*`x.py`.*추가된 줄: 2, 삭제된 줄: 1/s,
  );
  assert.match(
    await answerOf(await post(standIn.url, ask(`日本語で\n${unified}`))),
    /モック.*1 個.*追加行: 2、削除行: 1/s,
  );
  assert.match(await answerOf(await post(standIn.url, ask("hello"))), /no diff/);
});

test("a stream holds the same text as the whole answer, and the usage when asked for", async () => {
  await using standIn = await startModelStandIn({ script: () => "안녕 hello, 世界! line\nbreak" });
  const body = await (
    await post(standIn.url, ask("x", { stream: true, stream_options: { include_usage: true } }))
  ).text();
  const frames = body.split("\n\n").filter((frame) => frame.startsWith("data: {"));
  const Chunk = z.object({
    choices: z.array(z.object({ delta: z.object({ content: z.string().optional() }) })),
    usage: z.object({ total_tokens: z.number() }).nullish(),
  });
  const chunks = frames.map((frame) => Chunk.parse(JSON.parse(frame.slice(6))));
  assert.equal(
    chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""),
    "안녕 hello, 世界! line\nbreak",
  );
  assert.ok((chunks.at(-1)?.usage?.total_tokens ?? 0) > 0);
  assert.ok(body.endsWith("data: [DONE]\n\n"));
  const without = await (await post(standIn.url, ask("x", { stream: true }))).text();
  assert.doesNotMatch(without, /usage/);
});

test("it refuses what OpenAI refuses, in OpenAI's form", async () => {
  await using standIn = await startModelStandIn();
  const schema = { type: "object", properties: { a: { type: "string" } } };
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ ...ask("x"), messages: [] }, /messages/],
    [{ ...ask("x"), messages: [{ role: "robot", content: "x" }] }, /messages\.0\.role/],
    [ask("x", { top_k: 3 }), /Unrecognized request argument supplied: top_k/],
    [ask("x", { temperature: 3 }), /temperature/],
    [ask("x", { max_tokens: 0 }), /max_tokens/],
    [ask("x", { stop: ["a", "b", "c", "d", "e"] }), /stop/],
    [ask("x", { stream_options: { include_usage: true } }), /only allowed when 'stream'/],
    [ask("x", { response_format: { type: "json_object" } }), /must contain the word 'json'/],
    [
      ask("x", { response_format: { type: "json_schema", json_schema: { name: "not a name", schema } } }),
      /json_schema\.name/,
    ],
    [
      ask("x", {
        response_format: { type: "json_schema", json_schema: { name: "r", strict: true, schema } },
      }),
      /additionalProperties/,
    ],
  ];
  const tool = { type: "function", function: { name: "read", parameters: { type: "object" } } };
  const call = { id: "c1", type: "function", function: { name: "read", arguments: "{}" } };
  const user = { role: "user", content: "x" };
  const calling = { role: "assistant", content: null, tool_calls: [call] };
  const result = (id: string) => ({ role: "tool", tool_call_id: id, content: "y" });
  const talk = (...messages: readonly object[]) => ({ model: "stand-in", messages, tools: [tool] });
  assert.equal((await post(standIn.url, talk(user, calling, result("c1")))).status, 200);
  const withTools: readonly (readonly [object, RegExp])[] = [
    [ask("x", { tool_choice: "none" }), /only allowed when 'tools'/],
    [ask("x", { tools: [{ ...tool, function: { name: "not a name" } }] }), /tools\.0\.function\.name/],
    [ask("x", { tools: [tool, tool] }), /unique/],
    [
      ask("x", { tools: [{ ...tool, function: { name: "a", parameters: {} } }] }),
      /Invalid schema for function 'a'/,
    ],
    [talk(user, result("c1")), /must be a response to a preceeding message/],
    [talk(user, calling, result("c2")), /'tool_call_id' of 'c2' not found/],
    [talk(user, calling, result("c1"), result("c1")), /'tool_call_id' of 'c1' not found/],
    [talk(user, calling, user), /did not have response messages: c1/],
    [talk(user, { role: "assistant", content: null }), /expected a string, got null/],
  ];
  for (const [body, message] of [...refused, ...withTools]) {
    const response = await post(standIn.url, body);
    assert.equal(response.status, 400);
    assert.match(Failure.parse(await response.json()).error.message, message);
  }
  const unknown = await post(standIn.url, { ...ask("x"), model: "gpt-9" });
  assert.equal(unknown.status, 404);
  assert.equal(Failure.parse(await unknown.json()).error.code, "model_not_found");
});

test("it asks for a key where it is told to and keeps none", async () => {
  await using standIn = await startModelStandIn({ apiKeys: ["sk-right"] });
  assert.equal((await post(standIn.url, ask("x"))).status, 401);
  assert.equal((await post(standIn.url, ask("x"), "sk-wrong")).status, 401);
  assert.equal((await post(standIn.url, ask("x"), "sk-right")).status, 200);
  assert.deepEqual(
    standIn.calls().map(({ hadKey, status }) => [hadKey, status]),
    [
      [false, 401],
      [true, 401],
      [true, 200],
    ],
  );
  assert.doesNotMatch(JSON.stringify(standIn.calls()), /sk-/);
});

test("stop words and max_tokens cut the answer with the right finish reason", async () => {
  await using standIn = await startModelStandIn({ script: () => "one two three END four" });
  assert.equal(await answerOf(await post(standIn.url, ask("x", { stop: "END" }))), "one two three ");
  const short = Completion.parse(await (await post(standIn.url, ask("x", { max_tokens: 2 }))).json());
  assert.equal(short.choices[0]?.message.content, "one two");
  assert.equal(short.choices[0]?.finish_reason, "length");
  assert.equal(short.usage.completion_tokens, 2);
});

test("an answer by schema has the schema's shape", async () => {
  await using standIn = await startModelStandIn();
  const schema = {
    type: "object",
    additionalProperties: false,
    required: ["summary", "level", "findings"],
    properties: {
      summary: { type: "string" },
      level: { type: "string", enum: ["low", "high"] },
      findings: { type: "array", items: { type: "string" } },
    },
  };
  const response = await post(
    standIn.url,
    ask("x", { response_format: { type: "json_schema", json_schema: { name: "r", strict: true, schema } } }),
  );
  const Shape = z.strictObject({
    summary: z.string(),
    level: z.literal("low"),
    findings: z.array(z.never()),
  });
  assert.match(Shape.parse(JSON.parse(await answerOf(response))).summary, /scripted mock/);
});

test("faults are played once each, in order", async () => {
  await using standIn = await startModelStandIn({ script: () => '{"a": 1}' });
  standIn.fail(
    { kind: "status", status: 429, retryAfter: "3", retryAfterMs: "250" },
    { kind: "fenced" },
    { kind: "prose-wrapped" },
    { kind: "content-filter" },
  );
  const limited = await post(standIn.url, ask("x"));
  assert.equal(limited.status, 429);
  assert.equal(limited.headers.get("retry-after"), "3");
  assert.equal(limited.headers.get("retry-after-ms"), "250");
  assert.equal(await answerOf(await post(standIn.url, ask("x"))), '```json\n{"a": 1}\n```');
  assert.match(await answerOf(await post(standIn.url, ask("x"))), /^Of course!.*\{"a": 1\}.*else\.$/s);
  const filtered = Completion.parse(await (await post(standIn.url, ask("x"))).json());
  assert.equal(filtered.choices[0]?.finish_reason, "content_filter");
  assert.equal(await answerOf(await post(standIn.url, ask("x"))), '{"a": 1}');
  assert.equal(standIn.chatCount(), 5);
});

test("embeddings are the same for the same text and nearer for related ones", async () => {
  await using standIn = await startModelStandIn();
  const Vectors = z.object({ data: z.array(z.object({ embedding: z.array(z.number()) })) });
  const response = await fetch(`${standIn.url}/embeddings`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "stand-in-embedding",
      input: ["naming of variables", "variables and naming", "deploy on friday", "naming of variables"],
    }),
  });
  const [a = [], b = [], c = [], d = []] = Vectors.parse(await response.json()).data.map(
    (row) => row.embedding,
  );
  const dot = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
  assert.deepEqual(a, d);
  assert.ok(dot(a, b) > dot(a, c));
  assert.ok(Math.abs(dot(a, a) - 1) < 1e-9);
});
