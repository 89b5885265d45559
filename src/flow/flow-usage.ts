import { z } from "zod";
import { Json } from "../base/json.ts";
import type { FlowUsage as Usage } from "./flow-event.ts";
import type { ModelAnswer as Answer } from "./ports.ts";

/** What a flow consumed, read back from where it was kept. */
export const FlowUsage: z.ZodType<Usage> = z.object({
  totalTokens: z.number(),
  promptTokens: z.number().nullable(),
  completionTokens: z.number().nullable(),
  totalPrice: z.number().nullable(),
  currency: z.string(),
  models: z.array(z.string()).exactOptional(),
});

/** What a model answered, read back likewise. Answers that were kept before there were tools have no calls. */
export const ModelAnswer: z.ZodType<Answer> = z.object({
  text: z.string(),
  reasoning: z.string(),
  finishReason: z.string(),
  usage: FlowUsage,
  toolCalls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() })).default([]),
  turn: Json.exactOptional(),
});
