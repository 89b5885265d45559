import { z } from "zod";

/** A value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** An object of JSON values. */
export type JsonObject = { readonly [key: string]: Json };

/** Accepts any JSON value; for data that was read from outside. */
export const Json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(Json), z.record(z.string(), Json)]),
);

/** Accepts an object of JSON values. */
export const JsonObject: z.ZodType<JsonObject> = z.record(z.string(), Json);

/**
 * Parses JSON text without throwing: undefined when the text is not JSON. What comes out is checked
 * by a schema before it is used.
 */
export const parseJson = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
};
