import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { Secret } from "../../src/base/secret.ts";
import type { ModelAnswer, ModelMessage, ToolDescription } from "../../src/flow/ports.ts";
import type { ConfiguredModel } from "../../src/llm/model-options.ts";
import type { ScriptedCall } from "../../standins/model/chat-reply.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createTestClient, KEY, modelRequest, standInModel, startFrames } from "./model-setup.ts";

const TOOLS: readonly ToolDescription[] = [
  {
    name: "weather",
    description: "The weather of a city.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
  { name: "now", description: "", parameters: { type: "object", properties: {} } },
];
const ASKED: readonly ModelMessage[] = [
  { role: "system", content: "Use tools." },
  { role: "user", content: "Is it warm?" },
];
const CALLS: readonly ScriptedCall[] = [
  { id: "call_a", name: "weather", arguments: '{"city":"서울"}' },
  { id: "call_b", name: "now", arguments: "" },
];

/** The conversation behind an answer: its calls, each with a result. */
const continued = (answer: ModelAnswer, before: readonly ModelMessage[] = ASKED): readonly ModelMessage[] => [
  ...before,
  {
    role: "assistant",
    content: answer.text,
    toolCalls: answer.toolCalls,
    ...(answer.turn === undefined ? {} : { turn: answer.turn }),
  },
  ...answer.toolCalls.map(({ id, name }): ModelMessage => ({
    role: "tool",
    callId: id,
    toolName: name,
    content: `result of ${name}`,
  })),
];

const answerOf = async (
  client: ReturnType<typeof createTestClient>["client"],
  more: Parameters<typeof modelRequest>[0],
): Promise<ModelAnswer> => {
  const result = await client.generate(modelRequest({ messages: ASKED, tools: TOOLS, ...more }));
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
};

suite("tools by OpenAI's protocol", () => {
  for (const provider of ["openai-compatible", "openai"] as const) {
    for (const stream of [true, false]) {
      test(`${provider}, stream ${stream}: calls, and results given back`, async () => {
        await using standIn = await startModelStandIn({
          script: ({ messages }) =>
            messages.at(-1)?.role === "tool" ? "Warm." : { text: "Let me see.", calls: CALLS },
        });
        const { client } = createTestClient([standInModel(standIn, { provider, stream })]);
        const pieces: string[] = [];
        const first = await answerOf(client, { onText: (piece) => void pieces.push(piece) });
        assert.deepEqual(first.toolCalls, [
          { id: "call_a", name: "weather", arguments: '{"city":"서울"}' },
          { id: "call_b", name: "now", arguments: "{}" },
        ]);
        assert.deepEqual([first.text, first.finishReason], ["Let me see.", "tool_calls"]);
        assert.equal(pieces.join(""), stream ? "Let me see." : "");
        const second = await answerOf(client, { messages: continued(first) });
        assert.deepEqual([second.text, second.toolCalls, second.turn], ["Warm.", [], undefined]);
        const [one, two] = standIn.calls().map(({ chat }) => chat);
        assert.deepEqual(
          one?.tools?.map((tool) => tool.function.name),
          ["weather", "now"],
        );
        assert.deepEqual(
          two?.messages.slice(-2).map((message) => message.role === "tool" && message.tool_call_id),
          ["call_a", "call_b"],
        );
      });
    }
  }

  test("one JSON body in place of a stream holds calls as well", async () => {
    await using standIn = await startModelStandIn({ script: () => ({ text: "", calls: CALLS }) });
    standIn.fail({ kind: "json-for-stream" });
    const { client } = createTestClient([standInModel(standIn)]);
    const { toolCalls } = await answerOf(client, {});
    assert.deepEqual(
      toolCalls.map(({ name }) => name),
      ["weather", "now"],
    );
  });

  test("calls without ids, with the same one twice and with damaged arguments can be answered", async () => {
    await using standIn = await startModelStandIn({
      script: ({ messages }) =>
        messages.at(-1)?.role === "tool"
          ? "done"
          : {
              text: "",
              calls: [
                { id: "x", name: "weather", arguments: '{"city": "Ky' },
                { id: "x", name: "made up", arguments: "[1]" },
                { id: "x", name: "now", arguments: "{}" },
              ].map((call) => ({ ...call, name: call.name.replace(" ", "_") })),
            },
    });
    const { client } = createTestClient([standInModel(standIn)]);
    const first = await answerOf(client, {});
    assert.deepEqual(
      first.toolCalls.map(({ name, arguments: text }) => [name, text]),
      [
        ["weather", '{"city": "Ky'],
        ["made_up", "[1]"],
        ["now", "{}"],
      ],
    );
    assert.equal(new Set(first.toolCalls.map(({ id }) => id)).size, 3);
    // The stand-in refuses results that belong to no call, and calls without one.
    assert.equal((await answerOf(client, { messages: continued(first) })).text, "done");
  });

  test("tools that may not be called are shown, and a server that lets them be called breaks nothing", async () => {
    for (const [kind, calls] of [
      ["openai", 0],
      ["ollama", 2],
    ] as const) {
      await using standIn = await startModelStandIn({ kind, script: () => ({ text: "", calls: CALLS }) });
      const { client } = createTestClient([standInModel(standIn, { stream: false })]);
      const answer = await answerOf(client, { toolChoice: "none" });
      assert.equal(answer.toolCalls.length, calls);
      const chat = standIn.calls().at(-1)?.chat;
      assert.deepEqual([chat?.tools?.length, chat?.tool_choice], [2, "none"]);
    }
  });

  test("a request without tools gives none, whatever the model calls", async () => {
    await using standIn = await startModelStandIn({ script: () => "x" });
    standIn.fail({ kind: "tool-call" });
    const { client } = createTestClient([standInModel(standIn)]);
    const answer = await client.generate(modelRequest());
    assert.ok(answer.ok);
    assert.deepEqual([answer.value.toolCalls, answer.value.turn], [[], undefined]);
  });

  test("what is called counts where the server counts nothing, and so do the tools", async () => {
    await using standIn = await startModelStandIn({
      kind: "llama-cpp-python",
      script: () => ({ text: "", calls: CALLS }),
    });
    const { client } = createTestClient([standInModel(standIn)]);
    const { usage } = await answerOf(client, {});
    const bare = await client.generate(modelRequest({ messages: ASKED }));
    assert.ok(bare.ok);
    assert.ok((usage.completionTokens ?? 0) > 5);
    assert.ok((usage.promptTokens ?? 0) > (bare.value.usage.promptTokens ?? 0) + 20);
  });

  test("arguments without an end are cut, and nothing of them is called", async () => {
    await using standIn = await startModelStandIn({
      script: () => ({
        text: "",
        calls: [{ name: "weather", arguments: `{"city":"${"long ".repeat(41_000)}"}` }],
      }),
    });
    const { client } = createTestClient([standInModel(standIn)]);
    const { finishReason, toolCalls } = await answerOf(client, {});
    assert.deepEqual([finishReason, toolCalls], ["too_long", []]);
  });

  test("an answer that breaks off in a call is asked for again", async () => {
    await using standIn = await startModelStandIn({ script: () => ({ text: "So: ", calls: CALLS }) });
    standIn.fail({ kind: "broken-stream", afterPieces: 1 });
    const { client, records } = createTestClient([standInModel(standIn)]);
    assert.equal((await answerOf(client, {})).toolCalls.length, 2);
    assert.deepEqual(
      records.map(({ outcome }) => outcome),
      ["InvokeConnectionError", "ok"],
    );
  });
});

suite("a server that takes no tools is asked once and fails by name", () => {
  const openai = (message: string) => ({
    error: { message, type: "invalid_request_error", param: null, code: null },
  });
  const ROWS: readonly (readonly [server: string, status: number, body: object])[] = [
    ["Ollama", 400, openai("registry.ollama.ai/library/smollm:135m does not support tools")],
    [
      "vLLM",
      400,
      openai('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    ],
    [
      "llama-server",
      500,
      { error: { code: 500, message: "tools param requires --jinja flag", type: "server_error" } },
    ],
    ["OpenRouter", 404, { error: { code: 404, message: "No endpoints found that support tool use." } }],
    ["OpenAI", 400, openai("Unsupported parameter: 'tools' is not supported with this model.")],
    ["DeepSeek", 400, openai("deepseek-reasoner does not support Function Calling")],
    ["LiteLLM", 400, openai("litellm.UnsupportedParamsError: ollama does not support parameters: ['tools']")],
    [
      "Mistral",
      422,
      {
        detail: [{ type: "extra_forbidden", loc: ["body", "tools"], msg: "Extra inputs are not permitted" }],
      },
    ],
  ];
  for (const [server, status, body] of ROWS) {
    test(server, async () => {
      await using standIn = await startModelStandIn({
        refusals: [{ of: ({ tools }) => Boolean(tools), status, body }],
        script: () => "x",
      });
      const { client } = createTestClient([standInModel(standIn)]);
      const request = modelRequest({
        messages: ASKED,
        parameters: { temperature: 0.2 },
        responseSchema: { type: "object" },
      });
      const refused = await client.generate({ ...request, tools: TOOLS });
      assert.ok(!refused.ok);
      const { host, retryable, outside } = refused;
      const code = host?.code === "model.failure" ? host.params["failure"] : host;
      assert.ok(typeof code === "object" && "code" in code);
      assert.deepEqual([code.code, retryable, outside], ["model.no-tools", false, undefined]);
      assert.equal(standIn.chatCount(), 1);
    });
  }
});

const model = (more: Partial<ConfiguredModel>): ConfiguredModel => ({
  name: "main",
  provider: "google",
  model: "some-model",
  apiKey: new Secret(KEY),
  ...more,
});

const Block = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text"), text: z.string().min(1) }),
  z.looseObject({ type: z.literal("thinking"), thinking: z.string(), signature: z.string().min(1) }),
  z.looseObject({
    type: z.literal("tool_use"),
    id: z.string().regex(/^[a-zA-Z0-9_-]+$/),
    name: z.string(),
    input: z.record(z.string(), z.unknown()),
  }),
  z.looseObject({ type: z.literal("tool_result"), tool_use_id: z.string(), content: z.unknown() }),
]);
const AnthropicRequest = z.looseObject({
  messages: z.array(
    z.strictObject({
      role: z.enum(["user", "assistant"]),
      content: z.union([z.string(), z.array(Block).min(1)]),
    }),
  ),
  tools: z
    .array(
      z.looseObject({ name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/), input_schema: z.looseObject({}) }),
    )
    .optional(),
  tool_choice: z.looseObject({ type: z.string() }).optional(),
});

/** What Anthropic refuses of calls and results, in its words; null for what it takes. */
const refusedByAnthropic = (body: unknown): object | null => {
  const invalid = (message: string) => ({ type: "error", error: { type: "invalid_request_error", message } });
  const parsed = AnthropicRequest.safeParse(body);
  if (!parsed.success) return invalid(z.prettifyError(parsed.error));
  let open: string[] = [];
  for (const [index, { role, content }] of parsed.data.messages.entries()) {
    const blocks = typeof content === "string" ? [] : content;
    const results = blocks.flatMap((block) => (block.type === "tool_result" ? [block.tool_use_id] : []));
    const unknown = results.find((id) => !open.includes(id));
    if (unknown !== undefined) return invalid(`messages.${index}: unexpected tool_use_id ${unknown}`);
    const missing = open.filter((id) => !results.includes(id));
    if (missing.length > 0)
      return invalid(`tool_use ids were found without tool_result blocks: ${missing.join()}`);
    open =
      role === "assistant" ? blocks.flatMap((block) => (block.type === "tool_use" ? [block.id] : [])) : [];
    if (open.length > 0 && parsed.data.tools === undefined)
      return invalid("Requests which include `tool_use` or `tool_result` blocks must define tools");
  }
  return null;
};

const anthropicFrames = (blocks: readonly (readonly object[])[], reason: string): readonly object[] => [
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
  ...blocks.flatMap(([start, ...deltas], index) => [
    { type: "content_block_start", index, content_block: start },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ]),
  { type: "message_delta", delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 5 } },
  { type: "message_stop" },
];

const THOUGHT = [
  { type: "thinking", thinking: "" },
  { type: "thinking_delta", thinking: "I need the weather." },
  { type: "signature_delta", signature: "c2lnbmVk" },
];
const USE = [
  { type: "tool_use", id: "toolu_1", name: "weather", input: {} },
  { type: "input_json_delta", partial_json: '{"city":' },
  { type: "input_json_delta", partial_json: '"Oslo"}' },
];
const SAID = [
  { type: "text", text: "" },
  { type: "text_delta", text: "Cold." },
];

const startAnthropic = () =>
  startFrames((body) => {
    const refused = refusedByAnthropic(body);
    if (refused !== null) return { refused };
    const isAnswered = JSON.stringify(body).includes("tool_result");
    return isAnswered ? anthropicFrames([SAID], "end_turn") : anthropicFrames([THOUGHT, USE], "tool_use");
  });

suite("tools by the other protocols", () => {
  test("Anthropic: a signed thought goes back before its call, and the result behind it", async () => {
    await using server = await startAnthropic();
    const { client } = createTestClient([model({ provider: "anthropic", baseUrl: server.url })]);
    const first = await answerOf(client, {});
    assert.deepEqual(first.toolCalls, [{ id: "toolu_1", name: "weather", arguments: '{"city":"Oslo"}' }]);
    assert.deepEqual([first.reasoning, first.finishReason], ["I need the weather.", "tool_calls"]);
    const messages = continued(first);
    const last = await answerOf(client, { messages, toolChoice: "none" });
    assert.equal(last.text, "Cold.");
    const sent = AnthropicRequest.parse(server.seen[1]?.body);
    assert.deepEqual(
      sent.messages.map(({ content }) =>
        typeof content === "string" ? [] : content.map(({ type }) => type),
      ),
      [["text"], ["thinking", "tool_use"], ["tool_result"]],
    );
    assert.match(JSON.stringify(sent), /c2lnbmVk/);
    assert.deepEqual([sent.tools?.length, sent.tool_choice?.type], [2, "none"]);
  });

  test("a model that did not give a turn gets its calls alone", async () => {
    await using server = await startAnthropic();
    await using standIn = await startModelStandIn({ script: () => "Cold." });
    const models = [
      model({ provider: "anthropic", baseUrl: server.url }),
      standInModel(standIn, { name: "other" }),
    ];
    const { client } = createTestClient(models, { routes: [{ match: "*/other", model: "other" }] });
    const first = await answerOf(client, {});
    const last = await answerOf(client, { messages: continued(first), name: "other" });
    assert.equal(last.text, "Cold.");
    const assistant = standIn.calls()[0]?.chat?.messages.find(({ role }) => role === "assistant");
    assert.deepEqual(assistant, {
      role: "assistant",
      content: null,
      tool_calls: [
        { id: "toolu_1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
      ],
    });
  });

  test("Google: the signature of a call goes back with it, and its result with its name", async () => {
    const GooglePart = z.union([
      z.looseObject({
        functionCall: z.looseObject({ name: z.string(), args: z.looseObject({}) }),
        thoughtSignature: z.string(),
      }),
      z.looseObject({ functionResponse: z.looseObject({ name: z.string(), response: z.looseObject({}) }) }),
      z.looseObject({ text: z.string() }),
    ]);
    const GoogleRequest = z.looseObject({
      contents: z.array(
        z.looseObject({ role: z.enum(["user", "model"]), parts: z.array(GooglePart).min(1) }),
      ),
      tools: z.array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })) })),
      toolConfig: z.looseObject({ functionCallingConfig: z.looseObject({ mode: z.string() }) }).optional(),
    });
    const call = { functionCall: { name: "weather", args: { city: "Oslo" } }, thoughtSignature: "c2ln" };
    const frame = (parts: readonly object[]) => ({
      candidates: [{ content: { role: "model", parts }, finishReason: "STOP" }],
      usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 },
    });
    await using server = await startFrames((body) => {
      const parsed = GoogleRequest.safeParse(body);
      if (!parsed.success)
        return {
          refused: {
            error: { code: 400, message: z.prettifyError(parsed.error), status: "INVALID_ARGUMENT" },
          },
        };
      return [frame(JSON.stringify(body).includes("functionResponse") ? [{ text: "Cold." }] : [call])];
    });
    const { client } = createTestClient([model({ provider: "google", baseUrl: server.url })]);
    const first = await answerOf(client, {});
    assert.deepEqual(
      first.toolCalls.map(({ name, arguments: text }) => [name, text]),
      [["weather", '{"city":"Oslo"}']],
    );
    assert.equal((await answerOf(client, { messages: continued(first), toolChoice: "none" })).text, "Cold.");
    const sent = GoogleRequest.parse(server.seen[1]?.body);
    assert.equal(sent.toolConfig?.functionCallingConfig.mode, "NONE");
    assert.match(
      JSON.stringify(sent.contents.at(-1)),
      /"functionResponse":.*"name":"weather".*result of weather/,
    );
  });
});
