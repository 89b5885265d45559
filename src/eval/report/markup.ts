import { html, raw } from "hono/html";
import { plainSigns } from "../../review/publish/plain-signs.ts";

/** Markup that is ready; everything that others wrote is escaped in it. */
export type Markup = ReturnType<typeof raw>;

/** A text that somebody else wrote, with signs that would turn the direction of writing shown by name. */
export const shown = (text: string): string => plainSigns(text);

/** Puts markup together, escaping every value that is no markup itself. Values are never promises here. */
export const markup = (parts: TemplateStringsArray, ...values: readonly unknown[]): Markup => {
  const made = html(parts, ...values);
  if (made instanceof Promise) throw new Error("A part of a report is not there yet.");
  return raw(made.toString());
};
