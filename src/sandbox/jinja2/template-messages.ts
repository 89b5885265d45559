import { z } from "zod";
import type { JsonObject } from "../../base/json.ts";

/** What the host asks of the template worker. */
export type TemplateJob = {
  readonly template: string;
  readonly variables: JsonObject;
  /** Longer texts are a failure; characters are code points. */
  readonly maxCharacters: number;
};

/** What the worker answers. */
export const TemplateAnswer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), text: z.string() }),
  z.object({ ok: z.literal(false), message: z.string() }),
]);
export type TemplateAnswer = z.infer<typeof TemplateAnswer>;
