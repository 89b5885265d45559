import { createHash } from "node:crypto";
import type { Json } from "../../base/json.ts";
import type { ModelRequest } from "../../flow/ports.ts";
import type { ModelRouting } from "../../llm/model-options.ts";
import { resolveModel } from "../../llm/resolve-model.ts";

/** JSON with the keys of every object in one order. */
const canonical = (value: Json): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, held]) => `${JSON.stringify(key)}:${canonical(held)}`).join(",")}}`;
};

/**
 * Names a request by everything that decides about its answer: the model that would be asked with its
 * settings, the messages, the parameters and the schema. Addresses and keys are not in it, so that
 * recordings can be used where they are others, or none.
 */
export const requestKey = (request: ModelRequest, routing: ModelRouting): string => {
  const resolved = resolveModel(request, routing);
  const asked: Json = resolved.ok
    ? {
        provider: resolved.model.provider,
        model: resolved.model.model,
        parameters: resolved.model.parameters ?? null,
        extraBody: resolved.model.extraBody ?? null,
      }
    : { provider: request.provider, model: request.name };
  const { messages, parameters, responseSchema, tools = [] } = request;
  const said = messages.map((message) => ({
    role: message.role,
    content: message.content,
    ...(message.role === "user" && message.images !== undefined ? { images: message.images } : {}),
    ...(message.role === "assistant" && message.toolCalls !== undefined ? { calls: message.toolCalls } : {}),
    ...(message.role === "tool" ? { callId: message.callId } : {}),
  }));
  const offered = tools.length === 0 ? {} : { tools: [...tools] };
  return digestOf({ asked, messages: said, parameters, schema: responseSchema, ...offered });
};

/** A name for a value, the same for every order of its keys. */
export const digestOf = (value: Json): string =>
  createHash("sha256").update(canonical(value)).digest("hex").slice(0, 32);
