import type { FileDiff, Hunk } from "../../diff/file-diff.ts";
import type { FileReceipt } from "../receipt.ts";

/**
 * A hunk as it is reviewed and remembered. Its digest is over the path, the signs and the texts of its
 * lines, not over their numbers, so that a hunk which was only moved by changes above it, by a rebase or
 * by a force-push is the same hunk and is not paid for twice.
 */
export type ReviewHunk = {
  readonly digest: string;
  readonly file: FileDiff;
  readonly hunk: Hunk;
  /** The numbered lines as a model sees them, secrets masked. */
  readonly text: string;
  /** An estimate, see `estimateTokens`. */
  readonly tokens: number;
};

/** What is to be reviewed of a diff, and what was set aside by rule. Every file is in one of the two. */
export type Selection = {
  readonly hunks: readonly ReviewHunk[];
  readonly setAside: readonly FileReceipt[];
  /** Files that were moved from where nothing is reviewed. */
  readonly movedIn: ReadonlySet<string>;
};

/** Hunks that one call of the flow reviews; those of one file stand together, in their order. */
export type ReviewUnit = {
  /** A digest over its hunks' digests; names the unit in journals. */
  readonly id: string;
  readonly hunks: readonly ReviewHunk[];
  readonly tokens: number;
};
