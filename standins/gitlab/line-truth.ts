import { parseRawAndPatch } from "./raw-diff.ts";
import type { FileDiff } from "./raw-diff.ts";

/**
 * One line of a file between two commits. `oldCount` and `newCount` are GitLab's running counters (`old_pos`
 * and `new_pos`): the numbers that the next line of each side has, or this line's own where it has one.
 */
export type TrueLine = {
  readonly kind: "added" | "removed" | "context";
  readonly oldLine: number | null;
  readonly newLine: number | null;
  readonly oldCount: number;
  readonly newCount: number;
  readonly text: string;
};

/** Every line of a changed file, hunks or not, as git itself lays them side by side. */
export type FileTruth = FileDiff & { readonly lines: readonly TrueLine[] };

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

const lineOf = (raw: string, old: number, next: number): TrueLine | null => {
  const text = raw.slice(1);
  const counters = { oldCount: old, newCount: next, text };
  switch (raw[0]) {
    case "+":
      return { kind: "added", oldLine: null, newLine: next, ...counters };
    case "-":
      return { kind: "removed", oldLine: old, newLine: null, ...counters };
    case " ":
      return { kind: "context", oldLine: old, newLine: next, ...counters };
    default:
      return null;
  }
};

const linesOf = (hunks: string): readonly TrueLine[] => {
  const lines: TrueLine[] = [];
  let old = 0;
  let next = 0;
  for (const raw of hunks.split("\n")) {
    const header = HUNK.exec(raw);
    if (header !== null) {
      old = Number(header[1]);
      next = Number(header[2]);
      continue;
    }
    const line = lineOf(raw, old, next);
    if (line === null) continue;
    lines.push(line);
    if (line.kind !== "added") old += 1;
    if (line.kind !== "removed") next += 1;
  }
  return lines;
};

/** Parses `git diff-tree --raw -p -z` with unlimited context: every line of every changed text file. */
export const parseLineTruth = (output: Buffer): readonly FileTruth[] =>
  parseRawAndPatch(output).map((file) => ({ ...file, lines: file.binary ? [] : linesOf(file.hunks) }));
