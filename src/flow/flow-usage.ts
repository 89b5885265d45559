import { z } from "zod";
import type { FlowUsage as Usage } from "./flow-event.ts";

/** What a flow consumed, read back from where it was kept. */
export const FlowUsage: z.ZodType<Usage> = z.object({
  totalTokens: z.number(),
  promptTokens: z.number().nullable(),
  completionTokens: z.number().nullable(),
  totalPrice: z.number().nullable(),
  currency: z.string(),
  models: z.array(z.string()).exactOptional(),
});
