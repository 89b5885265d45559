import { plainSigns } from "../../review/publish/plain-signs.ts";
import { printable } from "../terminal.ts";

/**
 * A text that somebody else wrote, as a terminal may show it: what would move the cursor, start a command
 * of the terminal or turn the direction of writing shows by its name instead.
 */
export const safeText = (text: string): string => printable(plainSigns(text));

/** Like `safeText`, on one line. */
export const safeLine = (text: string): string => safeText(text).replaceAll(/\s+/g, " ").trim();

/** Signs that JSON may hold as they are, though a terminal that shows it would obey them. */
const ACTING = /[\u007F-\u009F\u200E\u200F\u2028-\u202E\u2066-\u2069]/g;

/** A value as JSON that can be shown in a terminal and still says exactly what it holds. */
export const safeJson = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).replace(
    ACTING,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )}\n`;
