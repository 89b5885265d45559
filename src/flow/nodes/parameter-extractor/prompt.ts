import type { JsonObject } from "../../../base/json.ts";
import type { ModelMessage } from "../../ports.ts";
import { pythonJson } from "../../value-text.ts";
import { type Parameter, parametersSchema } from "./schema.ts";

const systemPrompt = (instruction: string): string =>
  [
    "You extract parameters from texts. Answer with nothing but one JSON object that follows the given structure and holds every parameter it names.",
    "Take values from the text as they are; do not invent any.",
    ...(instruction === "" ? [] : ["", "Follow these instructions as well:", instruction]),
  ].join("\n");

const userPrompt = (schema: JsonObject, text: string): string =>
  [
    "Structure, as a JSON schema:",
    pythonJson(schema),
    "",
    "Text between <text> and </text>:",
    "<text>",
    text,
    "</text>",
  ].join("\n");

const EXAMPLE_SCHEMA: JsonObject = {
  type: "object",
  properties: { city: { type: "string", description: "where the user wants to go" } },
  required: ["city"],
};

/** What the model is asked: an example of a question and its answer, then the question. */
export const buildMessages = (
  parameters: readonly Parameter[],
  query: string,
  instruction: string,
): readonly ModelMessage[] => [
  { role: "system", content: systemPrompt(instruction) },
  { role: "user", content: userPrompt(EXAMPLE_SCHEMA, "I need a train to Kyoto on Monday.") },
  { role: "assistant", content: '{"city": "Kyoto"}' },
  { role: "user", content: userPrompt(parametersSchema(parameters), query) },
];
