import type { DiffLine, Hunk } from "./file-diff.ts";

/** What GitLab's parser of diffs takes for a file's header, wherever it stands. */
const FILE_HEADER = /^(?:--- (?:a|\/dev\/null|\/tmp\/diffy)|\+\+\+ (?:[ab]|\/dev\/null|\/tmp\/diffy))/;

const SIGNS = { added: "+", removed: "-", context: " " } as const;

type Counters = Pick<DiffLine, "oldLine" | "newLine">;

/**
 * The running counters that GitLab gives the lines of a hunk, in their order. Its parser leaves out a row that looks
 * like a file's header and follows an unchanged row, so that a removed comment of SQL or Lua such as `-- all users`
 * has no position (null) and the rest of the hunk is counted one too low on that side. Positions and line codes are
 * made of these numbers; everything else means the lines by their own.
 *
 * @see https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/diff/parser.rb
 */
export const countAsGitLab = (hunk: Hunk): readonly (Counters | null)[] => {
  const known = COUNTED.get(hunk);
  if (known !== undefined) return known;
  let { oldStart: oldLine, newStart: newLine } = hunk;
  let isAfterContext = false;
  const counted = hunk.lines.map(({ kind, text, endsWithNewline }): Counters | null => {
    const isLeftOut = isAfterContext && FILE_HEADER.test(`${SIGNS[kind]}${text}`);
    const counters = isLeftOut ? null : { oldLine, newLine };
    if (!isLeftOut) {
      if (kind !== "added") oldLine += 1;
      if (kind !== "removed") newLine += 1;
      isAfterContext = kind === "context";
    }
    // The row "\ No newline at end of file" is one of its own.
    isAfterContext &&= endsWithNewline;
    return counters;
  });
  COUNTED.set(hunk, counted);
  return counted;
};

/** Kept per hunk, since every finding of it asks. */
const COUNTED = new WeakMap<Hunk, readonly (Counters | null)[]>();

/** Whether GitLab has a position for a line of the hunk. */
export const hasPosition = (hunk: Hunk, line: DiffLine): boolean =>
  countAsGitLab(hunk)[hunk.lines.indexOf(line)] !== null;

/**
 * How much higher GitLab's new number of an unchanged line behind the hunk is than the line's own, by its old number:
 * it pairs such lines by the distance that the hunk's last row leaves.
 */
export const driftBehind = (hunk: Hunk): number => {
  const counted = countAsGitLab(hunk);
  const leftOut = hunk.lines.filter((_, index) => counted[index] === null);
  const removed = leftOut.filter(({ kind }) => kind === "removed").length;
  return removed - (leftOut.length - removed);
};
