import { z } from "zod";
import { type Exact, exactEntries, isExactArray, isPlain, plainOf, WholeFloat } from "../../flow/exact.ts";

/** A value on its way to the worker: whole floats travel as arrays of one float, since classes do not arrive. */
export type Sendable =
  | null
  | boolean
  | number
  | bigint
  | string
  | Float64Array
  | readonly Sendable[]
  | { readonly [key: string]: Sendable };

/** A value as it can be sent to a worker. */
export const toSendable = (value: Exact): Sendable => {
  if (isPlain(value)) return plainOf(value);
  if (value instanceof WholeFloat) return Float64Array.of(value.value);
  if (typeof value === "bigint") return value;
  // A number that is not plain is NaN or infinite.
  if (typeof value === "number") return null;
  if (isExactArray(value)) return value.map(toSendable);
  return Object.fromEntries(exactEntries(value).map(([key, item]) => [key, toSendable(item)]));
};

/** What the host asks of the template worker. */
export type TemplateJob = {
  readonly template: string;
  readonly variables: Readonly<Record<string, Sendable>>;
  /** Longer texts are a failure; characters are code points. */
  readonly maxCharacters: number;
};

/** What the worker answers. */
export const TemplateAnswer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), text: z.string() }),
  z.object({ ok: z.literal(false), message: z.string() }),
]);
export type TemplateAnswer = z.infer<typeof TemplateAnswer>;
