import type { ModelMessage } from "../flow/ports.ts";
import type { AnswerFormat } from "./call-settings.ts";
import type { ConfiguredModel } from "./model-options.ts";

const sentence = (format: AnswerFormat): string =>
  format.kind === "schema"
    ? `Answer with one JSON value that follows this JSON Schema, and with nothing else:\n${JSON.stringify(format.schema)}`
    : "Answer with one JSON value and with nothing else.";

/** The messages with the wanted format told in the system message, for servers that take no other word for it. */
const askForJson = (messages: readonly ModelMessage[], format: AnswerFormat): readonly ModelMessage[] => {
  const at = messages.findIndex(({ role }) => role === "system");
  return at < 0
    ? [{ role: "system", content: sentence(format) }, ...messages]
    : messages.map((message, index) =>
        index === at ? { ...message, content: `${message.content}\n\n${sentence(format)}` } : message,
      );
};

/**
 * The format that goes into the call, and the messages that say the rest of it: as the provider's own
 * response format, as JSON without a schema, or by the prompt alone.
 */
export const settleFormat = (
  means: NonNullable<ConfiguredModel["structuredOutput"]>,
  wanted: AnswerFormat,
  messages: readonly ModelMessage[],
): { readonly format: AnswerFormat; readonly messages: readonly ModelMessage[] } => {
  if (wanted.kind === "text") return { format: wanted, messages };
  if (means === "prompt") return { format: { kind: "text" }, messages: askForJson(messages, wanted) };
  if (wanted.kind === "schema" && means === "json-object") {
    return { format: { kind: "json" }, messages: askForJson(messages, wanted) };
  }
  return { format: wanted, messages };
};
