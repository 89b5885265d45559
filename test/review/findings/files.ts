import type { FileDiff } from "../../../src/diff/file-diff.ts";
import { parseHunks } from "../../../src/diff/parse-hunks.ts";
import type { Finding } from "../../../src/review/finding.ts";

/** A file's diff from the text of its hunks. */
export const fileOf = (hunks: string, fields: Partial<FileDiff> = {}): FileDiff => {
  const reading = parseHunks(hunks);
  if (reading.kind !== "hunks") throw new Error(JSON.stringify(reading.reason));
  return { oldPath: "src/a.ts", newPath: "src/a.ts", change: "modified", hunks: reading.hunks, ...fields };
};

/** A hunk's text from signed lines. A side without lines starts at the line before it, as git has it. */
export const hunkOf = (oldStart: number, newStart: number, lines: readonly string[]): string => {
  const oldCount = lines.filter((line) => !line.startsWith("+")).length;
  const newCount = lines.filter((line) => !line.startsWith("-")).length;
  const start = (line: number, count: number): number => (count === 0 ? line - 1 : line);
  return `@@ -${start(oldStart, oldCount)},${oldCount} +${start(newStart, newCount)},${newCount} @@\n${lines.map((line) => `${line}\n`).join("")}`;
};

/** A finding with nothing in it but what is given. */
export const findingOf = (fields: Partial<Finding> = {}): Finding => ({
  path: "src/a.ts",
  side: "new",
  line: null,
  endLine: null,
  quote: null,
  severity: "minor",
  category: "bug",
  confidence: 0.5,
  title: "Title",
  body: "Body.",
  suggestion: null,
  ...fields,
});
