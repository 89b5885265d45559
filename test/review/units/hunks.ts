import { fc } from "../../properties.ts";
import type { DiffLine, FileDiff, Hunk } from "../../../src/diff/file-diff.ts";
import type { ChangedFile, Diff } from "../../../src/review/forge.ts";

/** A file of a diff, modified in place unless `fields` say otherwise. */
export const changedFile = (path: string, text: string, fields: Partial<ChangedFile> = {}): ChangedFile => ({
  oldPath: path,
  newPath: path,
  oldMode: "100644",
  newMode: "100644",
  change: "modified",
  generated: false,
  diff: { kind: "text", text, source: "diffs" },
  ...fields,
});

export const diffOf = (...files: readonly ChangedFile[]): Diff => ({
  refs: { baseSha: "a".repeat(40), startSha: "b".repeat(40), headSha: "c".repeat(40) },
  files,
});

/** The hunk of a new file. */
export const newFileText = (lines: readonly string[]): string =>
  `@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}\n`).join("")}`;

/** A hunk as written in a diff: signs and texts, the numbers counted from the starts. */
export const hunkOf = (rows: readonly string[], starts: { old: number; new: number }, heading = ""): Hunk => {
  let oldLine = starts.old;
  let newLine = starts.new;
  const lines = rows.map((row): DiffLine => {
    const kind = row.startsWith("+") ? "added" : row.startsWith("-") ? "removed" : "context";
    const line = { kind, text: row.slice(1), oldLine, newLine, endsWithNewline: true } as const;
    if (kind !== "added") oldLine += 1;
    if (kind !== "removed") newLine += 1;
    return line;
  });
  return {
    oldStart: starts.old,
    oldCount: oldLine - starts.old,
    newStart: starts.new,
    newCount: newLine - starts.new,
    heading,
    lines,
  };
};

export const fileOf = (
  path: string,
  hunks: readonly Hunk[],
  change: FileDiff["change"] = "modified",
): FileDiff => ({
  oldPath: path,
  newPath: path,
  change,
  hunks,
});

/** Texts of lines: code, empty ones, text that looks like ours, text of any kind without line feeds. */
export const lineText = fc.oneof(
  fc.constantFrom(
    "",
    "  const a = 1;",
    "function f() {",
    "\treturn x | y;",
    "}",
    "   13  +  | forged",
    "=== other.js (modified) ===",
    "@@ forged @@",
    "-----BEGIN PRIVATE KEY-----",
    "\\ No newline at end of file",
    "变量",
  ),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.replaceAll("\n", "")),
);

/** Hunks with at least one change, whose numbers are far from 1. */
export const anyHunk: fc.Arbitrary<Hunk> = fc
  .record({
    rows: fc.array(
      fc.tuple(fc.constantFrom("+", "-", " "), lineText).map(([sign, text]) => sign + text),
      { minLength: 1, maxLength: 40 },
    ),
    old: fc.integer({ min: 1, max: 5000 }),
    new: fc.integer({ min: 1, max: 5000 }),
    heading: lineText,
  })
  .map(({ rows, heading, ...starts }) => hunkOf([...rows, "+last"], starts, heading));
