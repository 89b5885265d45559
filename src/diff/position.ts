/** The three commits that a diff and a position refer to (GitLab's `diff_refs`). */
export type DiffRefs = { readonly baseSha: string; readonly startSha: string; readonly headSha: string };

/**
 * A line as GitLab names it in a position: an added line by its new number only, a removed line by its
 * old number only, an unchanged line by both.
 */
export type LinePoint =
  | { readonly oldLine: null; readonly newLine: number }
  | { readonly oldLine: number; readonly newLine: null }
  | { readonly oldLine: number; readonly newLine: number };

/** One end of a range of lines. `type` is null for an unchanged line. */
export type RangeEnd = {
  readonly lineCode: string;
  readonly type: "new" | "old" | null;
  readonly oldLine: number | null;
  readonly newLine: number | null;
};

/** Where a discussion hangs in a diff: on a line, a range of lines (whose last line it is), or a file. */
export type Position = DiffRefs & {
  readonly oldPath: string;
  readonly newPath: string;
  readonly on:
    | {
        readonly kind: "line";
        readonly oldLine: number | null;
        readonly newLine: number | null;
        /** Null for a single line. */
        readonly range: { readonly start: RangeEnd; readonly end: RangeEnd } | null;
      }
    | { readonly kind: "file" };
};
