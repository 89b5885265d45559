import {
  assistantModelMessageSchema,
  jsonSchema,
  type ModelMessage as SdkMessage,
  tool,
  type ToolSet,
} from "ai";
import { z } from "zod";
import { Json, JsonObject, parseJson } from "../base/json.ts";
import type { ModelMessage, ToolDescription, ToolCall } from "../flow/ports.ts";

type SdkContent = Exclude<Extract<SdkMessage, { role: "assistant" }>["content"], string>;

/** The tools as the SDK takes them. Without a function of theirs, the SDK gives the calls back and makes none. */
export const sdkTools = (tools: readonly ToolDescription[]): ToolSet =>
  Object.fromEntries(
    tools.map(({ name, description, parameters }) => [
      name,
      tool({ description, inputSchema: jsonSchema(parameters) }),
    ]),
  );

/** The turn of an answer: whose it is, and what it holds in the SDK's form. */
const Turn = z.object({ model: z.string(), content: Json });

const argumentsOf = ({ arguments: text }: ToolCall): JsonObject => {
  const parsed = JsonObject.safeParse(parseJson(text));
  return parsed.success ? parsed.data : {};
};

const assistantMessage = (
  { content, toolCalls = [], turn }: Extract<ModelMessage, { role: "assistant" }>,
  model: string,
): SdkMessage => {
  const known = Turn.safeParse(turn);
  if (known.success && known.data.model === model) {
    const own = assistantModelMessageSchema.safeParse({ role: "assistant", content: known.data.content });
    if (own.success) return own.data;
  }
  if (toolCalls.length === 0) return { role: "assistant", content };
  return {
    role: "assistant",
    content: [
      ...(content === "" ? [] : [{ type: "text" as const, text: content }]),
      ...toolCalls.map((call) => ({
        type: "tool-call" as const,
        toolCallId: call.id,
        toolName: call.name,
        input: argumentsOf(call),
      })),
    ],
  };
};

const userMessage = ({ content, images = [] }: Extract<ModelMessage, { role: "user" }>): SdkMessage => {
  if (images.length === 0) return { role: "user", content };
  const shown = images.map(({ mediaType, data, detail }) => ({
    type: "file" as const,
    mediaType,
    data,
    providerOptions: { openai: { imageDetail: detail } },
  }));
  return { role: "user", content: content === "" ? shown : [...shown, { type: "text", text: content }] };
};

/** The messages as the SDK takes them; a turn that another model than `model` gave goes without its thoughts. */
export const sdkMessages = (messages: readonly ModelMessage[], model: string): SdkMessage[] =>
  messages.map((message): SdkMessage => {
    if (message.role === "assistant") return assistantMessage(message, model);
    if (message.role === "user") return userMessage(message);
    if (message.role !== "tool") return { role: message.role, content: message.content };
    const { callId: toolCallId, toolName, content: value } = message;
    const output = { type: "text" as const, value };
    return { role: "tool", content: [{ type: "tool-result", toolCallId, toolName, output }] };
  });

/** A call as the SDK gives it: parsed, or as a text where it is no JSON. */
export type SdkCall = { readonly toolCallId: string; readonly toolName: string; readonly input: unknown };

/** The calls with an id each: some servers give none, or the same twice. */
export const readToolCalls = (calls: readonly SdkCall[]): readonly ToolCall[] => {
  const seen = new Set<string>();
  return calls.map(({ toolCallId, toolName: name, input }, index) => {
    const id = toolCallId === "" || seen.has(toolCallId) ? `${toolCallId || "call"}_${index}` : toolCallId;
    seen.add(id);
    return { id, name, arguments: typeof input === "string" ? input : JSON.stringify(input ?? {}) };
  });
};

/**
 * The turn to give back with the results of the calls, in plain JSON; null where the answer called nothing. `calls` are
 * those of the same answer, whose ids may have been changed.
 */
export const readTurn = (
  model: string,
  messages: readonly SdkMessage[],
  calls: readonly ToolCall[],
): Json => {
  const content = messages.find((message) => message.role === "assistant")?.content ?? [];
  if (calls.length === 0 || typeof content === "string") return null;
  let at = 0;
  const settled = content.map((part): SdkContent[number] => {
    if (part.type !== "tool-call") return part;
    const call = calls[at];
    at += 1;
    if (call === undefined) return part;
    return { ...part, toolCallId: call.id, input: argumentsOf(call) };
  });
  const plain = Json.safeParse(parseJson(JSON.stringify(settled)));
  return plain.success ? { model, content: plain.data } : null;
};

/** What the calls and their definitions add to a prompt, for counting it. */
export const toolText = (messages: readonly ModelMessage[], tools: readonly ToolDescription[]): string =>
  [
    ...messages.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : [])),
    ...tools,
  ]
    .map((one) => JSON.stringify(one))
    .join("\n");
