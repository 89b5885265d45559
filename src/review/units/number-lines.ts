import type { DiffLine } from "../../diff/file-diff.ts";

const SIGNS = { added: "+", removed: "-", context: " " } as const satisfies Record<DiffLine["kind"], string>;
const NO_LINE_FEED = "\\ No newline at end of file";
const NUMBER_WIDTH = 5;

/** The sign of a line in a diff. */
export const signOf = (line: DiffLine): "+" | "-" | " " => SIGNS[line.kind];

/**
 * One line as a model sees it: its number (a removed line's in the old file, any other's in the new),
 * its sign, a bar and its text, `   13  +  | let b = 2;`. A line without a line feed at its end is
 * followed by git's remark on that, which has no number.
 */
export const numberLine = (line: DiffLine, text: string): string => {
  const number = String(line.kind === "removed" ? line.oldLine : line.newLine).padStart(NUMBER_WIDTH);
  const shown = `${number}  ${signOf(line)}  | ${text}`;
  return line.endsWithNewline ? shown : `${shown}\n${NO_LINE_FEED}`;
};

/** The line above a hunk's lines: the function they stand in, as far as it is known. */
export const headLine = (heading: string): string => (heading === "" ? "@@" : `@@ ${heading} @@`);
