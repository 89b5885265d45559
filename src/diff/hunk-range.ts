import type { Hunk } from "./file-diff.ts";

/** One of the two versions of a file. */
export type Side = "new" | "old";

/** Lines of one side: `from` is the first, `to` is the one behind the last; the same where there are none. */
export type LineRange = { readonly from: number; readonly to: number };

/**
 * The lines that a hunk has on a side. An empty side, whose header names the line before it, starts at the
 * line that would come next.
 */
export const hunkRange = (hunk: Omit<Hunk, "lines" | "heading">, side: Side): LineRange => {
  const start = side === "new" ? hunk.newStart : hunk.oldStart;
  const count = side === "new" ? hunk.newCount : hunk.oldCount;
  const from = count === 0 ? start + 1 : start;
  return { from, to: from + count };
};

/** Whether the hunk shows the file's end: git marks a last line without a line feed, on either side. */
export const endsFile = (hunk: Hunk): boolean => hunk.lines.some(({ endsWithNewline }) => !endsWithNewline);
