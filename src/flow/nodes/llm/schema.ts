import { z } from "zod";
import { JsonObject } from "../../../base/json.ts";
import { SelectorPath } from "../selector-path.ts";
import { MemorySettings, ModelSettings } from "./model-settings.ts";
import { VisionSettings } from "./vision.ts";

const Edition = z.enum(["basic", "jinja2"]).catch("basic");

const ChatMessage = z.object({
  role: z.enum(["system", "user", "assistant"]),
  text: z
    .string()
    .nullish()
    .transform((text) => text ?? ""),
  edition_type: Edition,
  jinja2_text: z.string().nullish(),
});

const CompletionPrompt = z.object({
  text: z
    .string()
    .nullish()
    .transform((text) => text ?? ""),
  edition_type: Edition,
  jinja2_text: z.string().nullish(),
});

/** One prompt of the file: a message with its role, or the only text of a completion model. */
export type PromptText = z.infer<typeof ChatMessage> | z.infer<typeof CompletionPrompt>;

/** Data of an llm node (Dify's node documentation, "LLM"). */
export const LlmData = z.object({
  model: ModelSettings,
  prompt_template: z.union([z.array(ChatMessage), CompletionPrompt]),
  prompt_config: z
    .object({
      jinja2_variables: z.array(z.object({ variable: z.string(), value_selector: SelectorPath })).nullish(),
    })
    .nullish(),
  memory: MemorySettings,
  context: z.object({ enabled: z.boolean().nullish(), variable_selector: SelectorPath.nullish() }).nullish(),
  vision: VisionSettings,
  structured_output: z.object({ schema: z.unknown().optional() }).nullish(),
  structured_output_enabled: z.boolean().nullish(),
  structured_output_switch_on: z.boolean().nullish(),
  reasoning_format: z.enum(["separated", "tagged"]).catch("tagged"),
});
export type LlmData = z.infer<typeof LlmData>;

/**
 * The JSON schema that the answer must follow: null when structured output is off, undefined when it is on without
 * a schema. Two names of the switch exist; the newer one, `structured_output_switch_on`, wins.
 */
export const answerSchema = (data: LlmData): JsonObject | null | undefined => {
  const isOn = data.structured_output_switch_on ?? data.structured_output_enabled ?? false;
  if (!isOn || data.structured_output === null || data.structured_output === undefined) return null;
  const parsed = JsonObject.safeParse(data.structured_output.schema);
  return parsed.success ? parsed.data : undefined;
};
