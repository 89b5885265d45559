/** Keeps a sign from acting without changing what a reader sees: a space without width. */
export const INVISIBLE = "\u200B";

/**
 * Controls that a reader cannot see, without tab and line feed: among them those that turn the direction of
 * writing and make code look like other code ("Trojan Source", CVE-2021-42574), and what ends a line for some
 * programs only.
 */
const HIDDEN = /(?![\t\n\r])[\p{Cc}\u2028-\u202E\u2066-\u2069]/gu;

/** Whether a text has signs that `plainSigns` would change, line ends of CRLF apart. */
export const hasHiddenSigns = (text: string): boolean => plainSigns(text) !== text.replaceAll("\r\n", "\n");

/** A text of whole characters with one kind of line end, in which hidden controls show by their names. */
export const plainSigns = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?/gu, "\n")
    .replace(HIDDEN, (sign) => `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

/**
 * Whether a text is nested deeper than anybody writes or reads: more marks of quotes and lists before one
 * line, or a list further indented, than a Markdown parser takes in good time and on a small stack.
 */
export const isTooDeep = (text: string): boolean =>
  /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))){16}|^[ \t]{80,}(?:>|[-*+][ \t]|\d{1,9}[.)][ \t])/mu.test(
    text,
  );
