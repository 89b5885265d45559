/**
 * The words in which servers refuse a part of a request, as people met them (public reports; each is shortened to its
 * sentence): the part is left out, the request asked again, and no request is sent twice.
 */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startGitLabWorld } from "../bugs/gitlab-world.ts";
import { fc } from "../properties.ts";
import type { ChatRequest } from "../../standins/model/chat-request.ts";
import type { WordedRefusal } from "../../standins/model/server-kinds.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createTestClient, modelRequest, standInModel } from "./model-setup.ts";
import { assertWhole, playReview } from "./played-review.ts";

const REQUEST = modelRequest({
  messages: [
    { role: "system", content: "Answer in JSON." },
    { role: "user", content: "Review this" },
  ],
  parameters: {
    temperature: 0.2,
    top_p: 0.9,
    presence_penalty: 0.1,
    frequency_penalty: 0.1,
    seed: 7,
    stop: ["END"],
    reasoning_effort: "low",
    max_tokens: 100_000,
  },
  responseSchema: { type: "object", properties: { findings: { type: "array" } } },
});

const roleOf = (role: string) => (request: ChatRequest) =>
  request.messages.some((message) => message.role === role);
const has = (name: keyof ChatRequest) => (request: ChatRequest) =>
  request[name] !== undefined && request[name] !== null;
const limited = (request: ChatRequest): boolean =>
  has("max_tokens")(request) || has("max_completion_tokens")(request);
const bySchema = ({ response_format: format }: ChatRequest) => format?.type === "json_schema";
const streamed = ({ stream }: ChatRequest) => stream === true;

/** As OpenAI and most others wrap it. */
const openai = (message: string, param: string | null = null, code: string | null = null) => ({
  error: { message, type: "invalid_request_error", param, code },
});
/** As Mistral and servers of FastAPI wrap it. */
const forbidden = (name: string) => ({
  object: "error",
  message: {
    detail: [{ type: "extra_forbidden", loc: ["body", name], msg: "Extra inputs are not permitted" }],
  },
  type: "invalid_request_error",
});

type Row = readonly [
  server: string,
  of: WordedRefusal["of"],
  status: number,
  body: object,
  provider?: "openai",
];

const ROLES: readonly Row[] = [
  [
    "OpenAI o1-mini",
    roleOf("system"),
    400,
    openai(
      "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
      "messages[0].role",
      "unsupported_value",
    ),
  ],
  [
    "OpenAI o1-mini, by its own provider",
    roleOf("developer"),
    400,
    openai(
      "Unsupported value: 'messages[0].role' does not support 'developer' with this model.",
      "messages[0].role",
      "unsupported_value",
    ),
    "openai",
  ],
  ["vLLM, a template of before it", roleOf("developer"), 400, openai("Unexpected message role."), "openai"],
  [
    "DeepSeek",
    roleOf("developer"),
    422,
    openai(
      "Failed to deserialize the JSON body into the target type: messages[0].role: unknown variant `developer`, expected one of `system`, `user`, `assistant`, `tool`",
    ),
    "openai",
  ],
  [
    "vLLM with Gemma",
    roleOf("system"),
    400,
    { object: "error", message: "System role not supported", code: 400 },
  ],
  [
    "vLLM with Mistral",
    roleOf("system"),
    400,
    {
      object: "error",
      message: "Conversation roles must alternate user/assistant/user/assistant/...",
      code: 400,
    },
  ],
  [
    "LM Studio",
    roleOf("system"),
    400,
    { error: 'Error rendering prompt with jinja template: "Only user and assistant roles are supported!".' },
  ],
  [
    "llama-server",
    roleOf("system"),
    500,
    { error: { code: 500, message: "Jinja Exception: System role not supported", type: "server_error" } },
  ],
  [
    "Google with Gemma",
    roleOf("system"),
    400,
    [
      {
        error: {
          code: 400,
          message: "Developer instruction is not enabled for models/gemma-3-27b-it",
          status: "INVALID_ARGUMENT",
        },
      },
    ],
  ],
  [
    "LiteLLM before Bedrock",
    roleOf("system"),
    400,
    openai("litellm.BadRequestError: BedrockException - This model doesn't support system messages."),
  ],
  [
    "a server that lists the roles it knows",
    roleOf("system"),
    400,
    openai("Invalid value: 'system'. Supported values are: 'user', 'assistant'.", "messages[0].role"),
  ],
];

const LIMITS: readonly Row[] = [
  [
    "OpenAI and Azure",
    has("max_tokens"),
    400,
    openai(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      "max_tokens",
      "unsupported_parameter",
    ),
  ],
  [
    "an older version of Azure's interface, by OpenAI's provider",
    has("max_completion_tokens"),
    400,
    openai("Unrecognized request argument supplied: max_completion_tokens"),
    "openai",
  ],
  [
    "OpenAI, for its size",
    limited,
    400,
    openai(
      "max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided 100000.",
      "max_tokens",
    ),
  ],
  ["DeepSeek", limited, 400, openai("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]")],
  [
    "DashScope",
    limited,
    400,
    openai("<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]"),
  ],
  [
    "Groq",
    limited,
    400,
    openai(
      "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model",
    ),
  ],
  [
    "LiteLLM before Anthropic",
    limited,
    400,
    openai(
      "litellm.BadRequestError: AnthropicException - max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens",
    ),
  ],
  [
    "vLLM",
    limited,
    400,
    openai(
      "'max_tokens' or 'max_completion_tokens' is too large: 100000. This model's maximum context length is 32768 tokens and your request has 900 input tokens (100000 > 32768 - 900).",
    ),
  ],
  [
    "vLLM before it",
    limited,
    400,
    openai(
      "This model's maximum context length is 32768 tokens. However, you requested 100900 tokens (900 in the messages, 100000 in the completion). Please reduce the length of the messages or completion.",
    ),
  ],
  [
    "vLLM after it",
    limited,
    400,
    openai(
      "You passed 900 input tokens and requested 100000 output tokens. However, the model's context length is only 32768 tokens, resulting in a maximum input length of 0 tokens. Please reduce the length of the input prompt.",
    ),
  ],
];

const SETTINGS: readonly Row[] = [
  ["Mistral", has("frequency_penalty"), 422, forbidden("frequency_penalty")],
  ["Mistral", has("reasoning_effort"), 422, forbidden("reasoning_effort")],
  ["Mistral", has("seed"), 422, forbidden("seed")],
  ["Mistral", has("stream_options"), 422, forbidden("stream_options")],
  [
    "xAI",
    has("presence_penalty"),
    400,
    {
      code: "Client specified an invalid argument",
      error: "Argument not supported on this model: presencePenalty",
    },
  ],
  [
    "xAI",
    has("stop"),
    400,
    { code: "Client specified an invalid argument", error: "Argument not supported on this model: stop" },
  ],
  [
    "xAI",
    has("reasoning_effort"),
    400,
    {
      code: "Client specified an invalid argument",
      error: "Argument not supported on this model: reasoningEffort",
    },
  ],
  [
    "LiteLLM",
    (request) => has("presence_penalty")(request) || has("frequency_penalty")(request),
    400,
    openai(
      "litellm.UnsupportedParamsError: groq does not support parameters: {'presence_penalty': 0.1, 'frequency_penalty': 0.1}, for model=m.",
    ),
  ],
  [
    "LiteLLM, whose own error it is",
    has("temperature"),
    500,
    openai("litellm.UnsupportedParamsError: m doesn't support parameters: {'temperature': 0.2}"),
  ],
  [
    "Google",
    has("seed"),
    400,
    [
      {
        error: {
          code: 400,
          message: 'Invalid JSON payload received. Unknown name "seed": Cannot find field.',
        },
      },
    ],
  ],
  [
    "Azure",
    has("top_p"),
    400,
    openai("Unsupported parameter: 'top_p' is not supported with this model.", "top_p"),
  ],
  [
    "OpenAI, for the value",
    has("reasoning_effort"),
    400,
    openai("Invalid value: 'low'. Supported values are: 'medium'.", "reasoning_effort", "invalid_value"),
  ],
  ["Ollama", has("reasoning_effort"), 400, openai('"smol" does not support thinking')],
  ["DeepSeek", has("response_format"), 400, openai("This response_format type is unavailable now")],
  ["Groq", bySchema, 400, openai("This model does not support response format `json_schema`")],
  [
    "Google with Gemma",
    has("response_format"),
    400,
    [{ error: { code: 400, message: "JSON mode is not enabled for models/gemma-3-27b-it" } }],
  ],
  [
    "OpenAI",
    streamed,
    400,
    openai("Your organization must be verified to stream this model.", "stream", "unsupported_value"),
  ],
  [
    "llama-cpp-python",
    bySchema,
    500,
    openai("[{'type': 'literal_error', 'msg': \"Input should be 'text' or 'json_object'\"}]"),
  ],
];

const shown = ({ messages }: ChatRequest): boolean => JSON.stringify(messages).includes("image_url");
const IMAGES: readonly Row[] = [
  [
    "OpenAI gpt-3.5",
    shown,
    400,
    openai("Invalid content type. image_url is only supported by certain models."),
  ],
  [
    "llama-server without a projector",
    shown,
    500,
    openai("image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
  ],
  [
    "vLLM",
    shown,
    400,
    { object: "error", message: "At most 0 image(s) may be provided in one prompt.", code: 400 },
  ],
  [
    "DeepSeek",
    shown,
    400,
    openai("Failed to deserialize the JSON body: messages[1]: unknown variant `image_url`, expected `text`"),
  ],
  [
    "Groq",
    shown,
    400,
    openai(
      "'messages.1' : for 'role:user' the following must be satisfied[('messages.1.content' : value must be a string)]",
    ),
  ],
  ["Mistral", shown, 400, openai("Image input is not enabled for this model")],
];
const WITH_IMAGE = modelRequest({
  ...REQUEST,
  messages: [
    ...REQUEST.messages,
    {
      role: "user",
      content: "What is this?",
      images: [{ mediaType: "image/png", data: "aGk=", detail: "low" }],
    },
  ],
});

const play = async (rows: readonly Row[], request = REQUEST): Promise<void> => {
  const refusals = rows.map(([, of, status, body]) => ({ of, status, body }));
  const provider = rows.find(([, , , , one]) => one !== undefined)?.[4] ?? "openai-compatible";
  const model = provider === "openai" ? "o3" : "stand-in";
  await using standIn = await startModelStandIn({ refusals, models: [model], script: () => "{}" });
  const { client } = createTestClient([standInModel(standIn, { provider, model })]);
  for (const round of [1, 2]) {
    const before = standIn.chatCount();
    const answer = await client.generate(request);
    assert.ok(answer.ok, JSON.stringify(answer));
    if (round === 2) assert.equal(standIn.chatCount() - before, 1, "what is refused is remembered");
    const { chat, body } = standIn.calls().at(-1) ?? assert.fail("not asked");
    assert.ok(chat);
    for (const { of } of refusals) assert.ok(!of(chat));
    assert.match(JSON.stringify(chat.messages), /Answer in JSON\./);
    const bodies = standIn
      .calls()
      .slice(0, before === 0 ? undefined : -1)
      .map((call) => JSON.stringify(call.body));
    assert.equal(new Set(bodies).size, bodies.length, JSON.stringify(body));
  }
};

for (const [what, rows] of [
  ["the role of the instructions", ROLES],
  ["the limit of the answer", LIMITS],
  ["a setting", SETTINGS],
  ["images", IMAGES],
] as const)
  suite(`a refusal of ${what}`, () => {
    for (const row of rows) {
      const [server, , status, body] = row;
      test(`${server} (${status}): ${JSON.stringify(body).slice(0, 120)}`, () =>
        play([row], rows === IMAGES ? WITH_IMAGE : REQUEST));
    }
  });

suite("refusals of several parts", () => {
  test("one after the other, in any order and anybody's words, are all left out", async () => {
    const compatible = [...ROLES, ...LIMITS, ...SETTINGS].filter(
      ([, , , , provider]) => provider === undefined,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.constantFrom(...compatible), { minLength: 2, maxLength: 4 }),
        (rows) => play(rows),
      ),
      { numRuns: 40 },
    );
  });

  test("neither of the roles of instructions", () => play(ROLES.slice(0, 2)));

  test("the limit that is told to go by its other name, and is not taken there either, is left out", () =>
    play([
      ...LIMITS.slice(0, 1),
      ["Mistral", has("max_completion_tokens"), 422, forbidden("max_completion_tokens")],
    ]));

  test("a prompt that leaves no room in the window is too long, whatever was asked for as an answer", async () => {
    const message =
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (3900 in the messages, 1100 in the completion).";
    const refusals = [{ of: () => true, status: 400, body: openai(message) }];
    await using standIn = await startModelStandIn({ refusals });
    const answer = await createTestClient([standInModel(standIn)]).client.generate(REQUEST);
    assert.ok(!answer.ok);
    assert.deepEqual(answer.contextLimit, { windowTokens: 4096 });
    assert.equal(standIn.calls().length, 1);
  });
});

/** Refusals that nothing can be left out against. */
const FINAL: readonly (readonly [what: string, status: number, body: object])[] = [
  ["a request that is refused without a word", 400, openai("Bad request.")],
  ["a key that is wrong", 401, openai("Incorrect API key provided.", null, "invalid_api_key")],
  ["a key that may not use the model", 403, openai("You do not have access to this model.")],
  ["a model that is not there", 404, openai("The model `stand-in` does not exist", null, "model_not_found")],
  ["an address that is not there", 404, { detail: "Not Found" }],
  ["a method that is not offered", 405, { detail: "Method Not Allowed" }],
  ["a body that a proxy does not pass", 413, { error: "Request Entity Too Large" }],
  [
    "a prompt of any length",
    400,
    openai("Your input exceeds the context window of this model.", "messages", "context_length_exceeded"),
  ],
  [
    "a value that is none",
    422,
    { detail: [{ loc: ["body", "model"], msg: "Input should be a valid string" }] },
  ],
  [
    "a prompt that a filter stops",
    400,
    openai(
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
      "prompt",
      "content_filter",
    ),
  ],
  ["an account without quota", 429, openai("You exceeded your current quota.", null, "insufficient_quota")],
  ["an account without money", 402, openai("Insufficient Balance")],
  ["a method that is not implemented", 501, openai("Not implemented")],
];

suite(
  "a review whose model's server refuses everything for what it says, from the change to the report",
  () => {
    for (const [what, status, body] of FINAL)
      test(`${what} (${status}): no request is sent twice, and nothing counts as reviewed`, async () => {
        const refusals = [{ of: () => true, status, body }];
        const played = await playReview({ server: { refusals }, files: 3, lines: 60, unitTokens: 1_500 });
        assert.equal(played.code, 2, played.err);
        assert.notEqual(played.bodies.length, 0);
        assert.equal(new Set(played.bodies).size, played.bodies.length);
      });

    test("a server's run is not made again for any of it", async () => {
      let refused: (typeof FINAL)[number] | undefined;
      const refusals = FINAL.map((row) => ({ of: () => refused === row, status: row[1], body: row[2] }));
      await using world = await startGitLabWorld({}, { model: { refusals } });
      const { model, gitlab } = world;
      // A key, a model or an account that somebody has to put right is waited for, and asked again then.
      const aboutRequest = FINAL.filter(([, status]) => ![401, 402, 403, 404, 429].includes(status));
      for (refused of aboutRequest) {
        model.reset();
        const mergeRequest = await world.open([
          {
            action: "write",
            path: "src/a.js",
            content: "for (let i = 0; i <= list.length; i += 1) use(list[i]);\n",
          },
        ]);
        const [run, ...others] = await world.runs(mergeRequest);
        assert.deepEqual([run?.state, run?.attempts, others], ["failed", 1, []], refused[0]);
        const bodies = model
          .calls()
          .filter(({ path }) => path.endsWith("/completions"))
          .map(({ body }) => JSON.stringify(body));
        assert.notEqual(bodies.length, 0);
        assert.equal(new Set(bodies).size, bodies.length, refused[0]);
      }
      assert.deepEqual(gitlab.failures, []);
    });

    // The reviewer that the stand-in plays reads its instructions as such.
    const finding = {
      path: "src/sum0.js",
      line: 3,
      severity: "major",
      title: "Past the end",
      body: "It fails.",
    };
    const script = (): string => JSON.stringify({ overview: "Adds a loop.", findings: [finding] });
    // Of limits and settings those whose words could be taken for others, or whose status for another kind of failure.
    const rows = [
      ...ROLES,
      ...LIMITS.filter(([server]) => server.startsWith("vLLM")),
      ...SETTINGS.filter(([, , status]) => status !== 400),
    ];
    for (const row of rows.filter(([, , , , provider]) => provider === undefined)) {
      const [server, of, status, body] = row;
      const isRole = ROLES.includes(row);
      test(`${server} (${status}), ${JSON.stringify(body).slice(0, 80)}: whole, and no request is sent twice`, async () => {
        const files = isRole ? 1 : 3;
        const played = await playReview({
          server: { refusals: [{ of, status, body }], ...(isRole ? { script } : {}) },
          model: { parameters: { ...REQUEST.parameters } },
          files,
          lines: isRole ? 0 : 60,
          unitTokens: 1_500,
        });
        assertWhole(played, files);
        assert.equal(new Set(played.bodies).size, played.bodies.length);
      });
    }
  },
);
