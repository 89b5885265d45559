import { z } from "zod";

/** What the host asks of the JavaScript worker: run this once, within these limits. */
export type JavaScriptJob = {
  readonly code: string;
  readonly inputsJson: string;
  readonly memoryBytes: number;
  readonly stackBytes: number;
  readonly timeLimitMs: number;
  /** Longest result, as JSON text. */
  readonly maxResultChars: number;
};

/** What the worker answers: the result as JSON text, or what went wrong. */
export const JavaScriptAnswer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), json: z.string() }),
  z.object({ ok: z.literal(false), message: z.string() }),
]);
export type JavaScriptAnswer = z.infer<typeof JavaScriptAnswer>;
