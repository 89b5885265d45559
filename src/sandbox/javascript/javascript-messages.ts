import { z } from "zod";

/** What the host asks of the JavaScript worker: run this once, within these limits. */
export const JavaScriptJob = z.object({
  code: z.string(),
  inputsJson: z.string(),
  memoryBytes: z.number(),
  stackBytes: z.number(),
  timeLimitMs: z.number(),
  maxResultChars: z.number(),
});
export type JavaScriptJob = z.infer<typeof JavaScriptJob>;

/** What the worker answers: the result as JSON text, or what went wrong. */
export const JavaScriptAnswer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), json: z.string() }),
  z.object({ ok: z.literal(false), message: z.string() }),
]);
export type JavaScriptAnswer = z.infer<typeof JavaScriptAnswer>;
