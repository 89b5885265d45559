import { createHash } from "node:crypto";
import type { Json, JsonObject } from "../../../src/base/json.ts";
import { NO_USAGE } from "../../../src/flow/flow-event.ts";
import type { HttpClient, ModelRequest, NodeFailure } from "../../../src/flow/ports.ts";
import type { FlowPorts } from "../../../src/flow/node.ts";
import { pythonJson, pythonStr } from "../../../src/flow/value-text.ts";
import { isJsonArray, isJsonObject } from "../../../src/flow/value-type.ts";
import type { ModelRule } from "./recorded-run.ts";

const failure = (errorType: string, message: string): NodeFailure => ({
  ok: false,
  errorType,
  message,
  retryable: true,
});

type Messages = readonly (readonly [role: string, text: string])[];

const digestOf = (messages: Messages): string =>
  createHash("sha256").update(JSON.stringify(messages)).digest("hex");

/** The smallest value of a JSON schema. */
const smallest = (schema: Json | undefined, key = "v"): Json => {
  if (!isJsonObject(schema)) return `s-${key}`;
  const { enum: choices, type: stated } = schema;
  if (isJsonArray(choices) && choices.length > 0) return choices[0] ?? null;
  const type = isJsonArray(stated) ? stated[0] : stated;
  if (type === "object" || (type === undefined && "properties" in schema)) {
    const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
    return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, smallest(one, name)]));
  }
  if (type === "array") return [smallest(schema["items"] ?? {}, key)];
  if (type === "number" || type === "integer") return 7;
  if (type === "boolean") return true;
  return type === "null" ? null : `s-${key}`;
};

/** The last class where the schema is that of a question classifier. */
const lastClass = (schema: JsonObject | null): Json | undefined => {
  const properties = schema?.["properties"];
  const category = isJsonObject(properties) ? properties["category_id"] : undefined;
  const classes = isJsonObject(category) ? category["enum"] : undefined;
  return isJsonArray(classes) ? classes.at(-1) : undefined;
};

const answerOf = (messages: Messages, schema: JsonObject | null): string => {
  const chosen = lastClass(schema);
  if (chosen !== undefined) {
    return `\`\`\`json\n{"keywords": ["k"], "category_id": "${pythonStr(chosen)}", "category_name": "x"}\n\`\`\``;
  }
  if (schema !== null) return pythonJson(smallest(schema));
  const hash = digestOf(messages);
  const whole = messages.map(([, text]) => text).join("\n");
  if (/json/i.test(whole) && Number.parseInt(hash.slice(0, 1), 16) % 2 === 0) {
    return `\`\`\`json\n{"hash": "${hash.slice(0, 8)}", "items": ["a", "b"], "n": 3}\n\`\`\``;
  }
  const last = (messages.at(-1)?.[1] ?? "").replace(/\s+/g, " ").trim();
  return `R:${hash.slice(0, 8)} [${Array.from(last).slice(-60).join("")}]`;
};

const PIECE = 7;

const generate = (request: ModelRequest, rules: readonly ModelRule[], prompts: string[]) => {
  const messages = request.messages.map(({ role, content }): Messages[number] => [role, content]);
  prompts.push(digestOf(messages).slice(0, 16));
  const whole = messages.map(([, text]) => text).join("\n");
  const rule = rules.find(({ when }) => whole.includes(when));
  if (rule?.error !== undefined) return failure("ValueError", rule.error);
  const text = rule?.text ?? answerOf(messages, request.responseSchema);
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at += PIECE)
    request.onText?.(characters.slice(at, at + PIECE).join(""));
  const usage = { ...NO_USAGE, totalTokens: 15, promptTokens: 10, completionTokens: 5 };
  return { ok: true as const, value: { text, reasoning: "", finishReason: "stop", toolCalls: [], usage } };
};

/** Everything outside of a recorded run, answering as it did for Dify's engine; `prompts` collects what models are asked. */
export const createScriptedWorld = (
  rules: readonly ModelRule[],
  http: HttpClient,
): {
  readonly ports: Pick<FlowPorts, "model" | "http" | "knowledge">;
  readonly prompts: readonly string[];
} => {
  const prompts: string[] = [];
  const ports: Pick<FlowPorts, "model" | "http" | "knowledge"> = {
    model: { generate: async (request) => generate(request, rules, prompts) },
    http,
    knowledge: {
      search: async ({ query }) => ({
        ok: true,
        value: [1, 2].map((n) => ({
          datasetId: "ds",
          datasetName: "Dataset",
          documentId: `doc${n}`,
          documentName: `Doc ${n}`,
          segmentId: `seg${n}`,
          position: n,
          score: 0.9 - n / 10,
          title: `Doc ${n}`,
          content: `Record ${n} for ${query}`,
        })),
      }),
    },
  };
  return { ports, prompts };
};
