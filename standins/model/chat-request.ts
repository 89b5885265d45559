import { z } from "zod";
import { findSchemaProblem } from "./strict-schema.ts";
import { countTokens } from "./tokens.ts";

/** A refusal in OpenAI's form. */
export type Refusal = {
  readonly status: number;
  readonly message: string;
  readonly param: string | null;
  readonly code: string | null;
};

const TextPart = z.strictObject({ type: z.literal("text"), text: z.string() });
const Content = z.union([z.string(), z.array(TextPart).min(1)]);
/** What a user shows beside the text; OpenAI takes an address or the whole image in it. */
const ShownImage = z.strictObject({
  type: z.literal("image_url"),
  image_url: z.strictObject({
    url: z.string().regex(/^(?:https?:\/\/|data:image\/[\w.+-]+;base64,[A-Za-z0-9+/]+=*$)/),
    detail: z.enum(["auto", "low", "high"]).optional(),
  }),
});
const UserContent = z.union([z.string(), z.array(z.union([TextPart, ShownImage])).min(1)]);
/** Names of functions and formats. */
const Name = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/);
const Message = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("system"), content: Content, name: z.string().optional() }),
  z.strictObject({ role: z.literal("developer"), content: Content, name: z.string().optional() }),
  z.strictObject({ role: z.literal("user"), content: UserContent, name: z.string().optional() }),
  z.strictObject({
    role: z.literal("assistant"),
    content: Content.nullish(),
    name: z.string().optional(),
    tool_calls: z
      .array(
        z.strictObject({
          id: z.string().min(1),
          type: z.literal("function"),
          function: z.strictObject({ name: Name, arguments: z.string() }),
        }),
      )
      .min(1)
      .optional(),
    /** Of servers alone whose models show what they think: DeepSeek wants it back with the results of its calls. */
    reasoning_content: z.string().optional(),
  }),
  z.strictObject({ role: z.literal("tool"), content: Content, tool_call_id: z.string() }),
]);

const Tool = z.strictObject({
  type: z.literal("function"),
  function: z.strictObject({
    name: Name,
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullish(),
  }),
});

const JsonSchemaFormat = z.strictObject({
  name: Name,
  description: z.string().optional(),
  schema: z.record(z.string(), z.unknown()).optional(),
  strict: z.boolean().nullish(),
});
const ResponseFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({
    type: z.literal("json_object"),
    /** Of llama.cpp's servers alone. */
    schema: z.record(z.string(), z.unknown()).optional(),
  }),
  z.strictObject({ type: z.literal("json_schema"), json_schema: JsonSchemaFormat }),
]);

/** The body of `POST /v1/chat/completions` as far as a text model takes it; anything else is refused. */
export const ChatRequest = z.strictObject({
  model: z.string().min(1),
  messages: z.array(Message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().optional() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  n: z.literal(1).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  seed: z.int().nullish(),
  user: z.string().optional(),
  logit_bias: z.record(z.string(), z.number()).nullish(),
  logprobs: z.literal(false).nullish(),
  reasoning_effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]).nullish(),
  response_format: ResponseFormat.nullish(),
  tools: z.array(Tool).min(1).max(128).nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required"]),
      z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: Name }) }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  store: z.boolean().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});
/** A chat request that passed the checks. */
export type ChatRequest = z.infer<typeof ChatRequest>;

/** The plain text of a message. */
export const textOf = ({ content }: ChatRequest["messages"][number]): string =>
  typeof content === "string"
    ? content
    : (content ?? []).map((part) => (part.type === "text" ? part.text : "")).join("\n");

/** The tokens of a request's prompt: its messages, the calls in them and the tools. */
export const promptTokens = ({ messages, tools }: ChatRequest): number => {
  const calls = messages.flatMap((message) =>
    message.role === "assistant" ? (message.tool_calls ?? []) : [],
  );
  const beside = [...calls, ...(tools ?? [])].map((one) => countTokens(JSON.stringify(one)));
  return (
    messages.reduce((sum, message) => sum + countTokens(textOf(message)) + 4, 0) +
    beside.reduce((sum, count) => sum + count, 0)
  );
};

const refuse = (message: string, param: string | null, code: string | null = null): Refusal => ({
  status: 400,
  message,
  param,
  code,
});

const describeIssue = (issue: z.core.$ZodIssue): Refusal => {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const key = [path, issue.keys[0]].filter(Boolean).join(".");
    return refuse(`Unrecognized request argument supplied: ${key}`, null);
  }
  return refuse(`Invalid value for '${path}': ${issue.message}.`, path, "invalid_value");
};

const findFormatProblem = (request: ChatRequest): Refusal | null => {
  const format = request.response_format;
  const mentionsJson = request.messages.some((message) => /json/i.test(textOf(message)));
  if (format?.type === "json_object" && !mentionsJson) {
    return refuse(
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
      "messages",
    );
  }
  if (format?.type !== "json_schema" || format.json_schema.strict !== true) return null;
  const problem = findSchemaProblem(format.json_schema.schema ?? {});
  return problem === null
    ? null
    : refuse(
        `Invalid schema for response_format '${format.json_schema.name}': ${problem}`,
        "response_format",
      );
};

const findToolProblem = ({ tools, tool_choice: choice }: ChatRequest): Refusal | null => {
  if (!tools)
    return choice
      ? refuse(
          "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
          "tool_choice",
        )
      : null;
  const names = tools.map(({ function: { name } }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    return refuse(`Invalid 'tools': function names must be unique: ${twice}.`, "tools");
  const untyped = tools.find(
    ({ function: { parameters } }) => parameters !== undefined && parameters["type"] !== "object",
  );
  if (untyped !== undefined) {
    const { name, parameters } = untyped.function;
    return refuse(
      `Invalid schema for function '${name}': schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(parameters?.["type"] ?? "None")}'.`,
      "tools[0].function.parameters",
      "invalid_function_parameters",
    );
  }
  if (typeof choice === "object" && choice !== null && !names.includes(choice.function.name))
    return refuse("Tool choice names no tool.", "tool_choice");
  return null;
};

/** What stands between the calls of an assistant's message and their results. */
const findCallProblem = ({ messages }: ChatRequest): Refusal | null => {
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message.role === "tool") {
      const before = messages[index - 1];
      const isBehindCalls =
        before?.role === "tool" || (before?.role === "assistant" && before.tool_calls !== undefined);
      if (!isBehindCalls)
        return refuse(
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
          `messages.[${index}].role`,
        );
      if (!open.delete(message.tool_call_id))
        return refuse(
          `Invalid parameter: 'tool_call_id' of '${message.tool_call_id}' not found in 'tool_calls' of previous message.`,
          `messages.[${index}].tool_call_id`,
        );
      continue;
    }
    if (open.size > 0) break;
    if (message.role !== "assistant") continue;
    if (message.tool_calls === undefined && typeof message.content !== "string" && !message.content)
      return refuse(
        `Invalid value for 'content': expected a string, got null.`,
        `messages.[${index}].content`,
      );
    open = new Set(message.tool_calls?.map(({ id }) => id));
  }
  return open.size === 0
    ? null
    : refuse(
        `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(", ")}`,
        "messages",
      );
};

/**
 * Checks the body of a chat request as OpenAI's API does: unknown arguments, ranges, roles, calls of tools and their
 * results, the rules of `response_format` (see "Chat completions" and "Structured outputs" in OpenAI's API
 * reference). Returns the request or the refusal.
 */
export const readChatRequest = (
  body: unknown,
):
  | { readonly ok: true; readonly request: ChatRequest }
  | { readonly ok: false; readonly refusal: Refusal } => {
  const parsed = ChatRequest.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return {
      ok: false,
      refusal: issue === undefined ? refuse("Invalid request.", null) : describeIssue(issue),
    };
  }
  const request = parsed.data;
  if (request.stream !== true && request.stream_options) {
    return {
      ok: false,
      refusal: refuse(
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        "stream_options",
      ),
    };
  }
  if (request.max_tokens && request.max_completion_tokens) {
    return {
      ok: false,
      refusal: refuse(
        "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
        "max_tokens",
      ),
    };
  }
  const problem = findFormatProblem(request) ?? findToolProblem(request) ?? findCallProblem(request);
  return problem === null ? { ok: true, request } : { ok: false, refusal: problem };
};
