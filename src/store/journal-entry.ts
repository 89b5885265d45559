import { z } from "zod";
import { Json, parseJson } from "../base/json.ts";

/** A row with a key and a value as a journal keeps them. */
export const JournalEntry = z.object({
  key: z.string(),
  value: z.string().transform((text) => Json.parse(parseJson(text))),
});

/** Keys are text, in which PostgreSQL refuses U+0000; this keeps prefixes and can be undone. */
export const storedKey = (key: string): string =>
  key.toWellFormed().replaceAll("\\", "\\\\").replaceAll("\u0000", "\\0");

/** The key behind a stored one. */
export const readKey = (stored: string): string =>
  stored.replaceAll(/\\[\\0]/g, (escape) => (escape === "\\0" ? "\u0000" : "\\"));
