import type { Message } from "../messages/message.ts";

/**
 * One line of a hunk. Both numbers are running counters: an added line carries the number that the next old line
 * has, a removed line the number that the next new line has.
 */
export type DiffLine = {
  readonly kind: "context" | "added" | "removed";
  /** The line without its sign and line feed; a carriage return at its end stays. */
  readonly text: string;
  readonly oldLine: number;
  readonly newLine: number;
  /** False where git says "\ No newline at end of file". */
  readonly endsWithNewline: boolean;
};

/** A run of changed lines with the lines around them. An empty side starts at the line before it. */
export type Hunk = {
  readonly oldStart: number;
  readonly oldCount: number;
  readonly newStart: number;
  readonly newCount: number;
  /** What stands behind the second `@@`: git's guess at the enclosing function; often empty. */
  readonly heading: string;
  readonly lines: readonly DiffLine[];
};

/** The changes of one file. Both paths are the same where nothing was renamed. */
export type FileDiff = {
  readonly oldPath: string;
  readonly newPath: string;
  readonly change: "added" | "deleted" | "renamed" | "modified";
  readonly hunks: readonly Hunk[];
};

/** The text of hunks, understood or not. `line` counts from 1. */
export type HunksReading =
  | { readonly kind: "hunks"; readonly hunks: readonly Hunk[] }
  | { readonly kind: "malformed"; readonly line: number; readonly reason: Message };
