/** Keeps a sign from acting without changing what a reader sees: a space without width. */
export const INVISIBLE = "\u200B";

/**
 * Controls that a reader cannot see, without tab, line feed and what ends a line: among them those that
 * turn the direction of writing and make code look like other code ("Trojan Source", CVE-2021-42574).
 */
// oxlint-disable-next-line no-control-regex
const HIDDEN = /[\u0000-\u0008\u000E-\u001F\u007F-\u0084\u0086-\u009F\u202A-\u202E\u2066-\u2069]/gu;

/** Everything that some program takes for the end of a line. */
const LINE_END = /\r\n?|[\u2028\u2029\u0085\v\f]/gu;

/** Whether a text has signs that `plainSigns` would change, line ends of CRLF apart. */
export const hasHiddenSigns = (text: string): boolean => plainSigns(text) !== text.replaceAll("\r\n", "\n");

/** A text of whole characters with one kind of line end, in which hidden controls show by their names. */
export const plainSigns = (text: string): string =>
  text
    .toWellFormed()
    .replace(LINE_END, "\n")
    .replace(HIDDEN, (sign) => `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

/**
 * A line that begins with a slash, behind white space or the marks of lists, quotes and tables, must not:
 * GitLab takes it for a quick action. Nor may it hold our hidden markers or GitLab's own directive to
 * include a file, which Markdown parsers do not know.
 */
export const keepFromActing = (line: string): string =>
  line
    .replace(/^((?:[\s>|]|[*+-]\s|\d+[.)]\s)*)\//u, `$1${INVISIBLE}/`)
    .replace(/^(\s*):(:+include\{)/u, `$1:${INVISIBLE}$2`)
    .replace(/<!--(?=\s*reviewflow)/giu, `<!--${INVISIBLE}`);

/**
 * Whether a text is nested deeper than anybody writes or reads: more marks of quotes and lists before one
 * line, or a list further indented, than a Markdown parser takes in good time and on a small stack.
 */
export const isTooDeep = (text: string): boolean =>
  /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))){16}|^[ \t]{80,}(?:>|[-*+][ \t]|\d{1,9}[.)][ \t])/mu.test(
    text,
  );
