import { diffLines } from "./line-diff.ts";

/** The lines around a change that are shown with it, as in git's and GitLab's diffs. */
const CONTEXT = 3;

type Row = { readonly sign: " " | "-" | "+"; readonly line: string };

/**
 * Unified-diff hunks from one text to another, without file headers; the empty text when they are the
 * same. Lines end at a line feed and nowhere else, and a missing one at the end is marked, as git does.
 */
export const unifiedHunks = (oldText: string, newText: string): string => {
  const rows = toRows(splitLines(oldText), splitLines(newText));
  const hunks: string[] = [];
  let oldLine = 1;
  let newLine = 1;
  let from = 0;
  for (const { start, end } of findHunks(rows)) {
    oldLine += start - from;
    newLine += start - from;
    const part = rows.slice(start, end);
    const oldCount = part.filter(({ sign }) => sign !== "+").length;
    const newCount = part.filter(({ sign }) => sign !== "-").length;
    hunks.push(`@@ -${renderRange(oldLine, oldCount)} +${renderRange(newLine, newCount)} @@\n`);
    hunks.push(...part.map(renderRow));
    oldLine += oldCount;
    newLine += newCount;
    from = end;
  }
  return hunks.join("");
};

const splitLines = (text: string): readonly string[] => (text === "" ? [] : text.split(/(?<=\n)/));

const toRows = (oldLines: readonly string[], newLines: readonly string[]): readonly Row[] => {
  const { removed, added } = diffLines(oldLines, newLines);
  const rows: Row[] = [];
  let newIndex = 0;
  for (let oldIndex = 0; oldIndex <= oldLines.length; oldIndex += 1) {
    const line = oldLines[oldIndex];
    if (line !== undefined && removed[oldIndex] === 1) {
      rows.push({ sign: "-", line });
      continue;
    }
    for (; added[newIndex] === 1; newIndex += 1) rows.push({ sign: "+", line: newLines[newIndex] ?? "" });
    if (line !== undefined) rows.push({ sign: " ", line });
    newIndex += 1;
  }
  return rows;
};

/** Where hunks start and end: every change with its context, those that touch put together. */
const findHunks = (rows: readonly Row[]): readonly { readonly start: number; readonly end: number }[] => {
  const hunks: { start: number; end: number }[] = [];
  for (const [index, { sign }] of rows.entries()) {
    if (sign === " ") continue;
    const end = Math.min(index + 1 + CONTEXT, rows.length);
    const last = hunks.at(-1);
    if (last !== undefined && index - CONTEXT <= last.end) last.end = end;
    else hunks.push({ start: Math.max(index - CONTEXT, 0), end });
  }
  return hunks;
};

/** A side of a hunk's header: an empty side names the line before it, a count of one is left out. */
const renderRange = (line: number, count: number): string => {
  if (count === 0) return `${line - 1},0`;
  return count === 1 ? String(line) : `${line},${count}`;
};

const renderRow = ({ sign, line }: Row): string =>
  line.endsWith("\n") ? sign + line : `${sign}${line}\n\\ No newline at end of file\n`;
