import { createHash } from "node:crypto";
import type { DiffLine, Hunk } from "../../diff/file-diff.ts";

/** Lines `from` to `to` (not included) of a hunk, as a hunk of its own with true numbers. */
export type HunkPart = { readonly hunk: Hunk; readonly from: number; readonly to: number };

/** Cuts are looked for in the last part of what fits. */
const LEAST_FILL = 0.6;

/**
 * Splits a hunk into parts whose lines cost at most `budget`; a line that alone costs more is a part of
 * its own. A part without a changed line is left out. Cuts fall between definitions or behind empty
 * lines where possible, and among equally good places the one is taken that its text decides, not its
 * distance from the start: lines that are put in at the top of a large new file do not move every cut
 * below, and the parts below are still known.
 */
export const splitHunk = (hunk: Hunk, costs: readonly number[], budget: number): readonly HunkPart[] => {
  const parts: HunkPart[] = [];
  let from = 0;
  while (from < hunk.lines.length) {
    const to = findCut(hunk.lines, costs, from, budget);
    const part = takePart(hunk, from, to);
    if (part.hunk.lines.some(({ kind }) => kind !== "context")) parts.push(part);
    from = to;
  }
  return parts;
};

const findCut = (
  lines: readonly DiffLine[],
  costs: readonly number[],
  from: number,
  budget: number,
): number => {
  let spent = 0;
  let earliest = from + 1;
  let end = from;
  for (; end < lines.length; end += 1) {
    const cost = costs[end] ?? 0;
    if (end > from && spent + cost > budget) break;
    spent += cost;
    if (spent < budget * LEAST_FILL) earliest = end + 1;
  }
  return end === lines.length ? end : bestCut(lines, Math.min(earliest, end), end);
};

const bestCut = (lines: readonly DiffLine[], earliest: number, latest: number): number => {
  let best = { at: latest, rank: "" };
  for (let at = earliest; at <= latest; at += 1) {
    const rank = `${placeRank(lines[at - 1], lines[at])}${digestOf(lines[at])}`;
    if (rank >= best.rank) best = { at, rank };
  }
  return best.at;
};

/** How good it is to cut between two lines: 0 within a replacement, 3 before a definition. */
const placeRank = (before: DiffLine | undefined, after: DiffLine | undefined): number => {
  if (before?.kind === "removed" && after?.kind === "added") return 0;
  const ended = before === undefined || before.text.trim() === "" || /^[})\]]|^end\b/.test(before.text);
  if (!ended) return 1;
  return after !== undefined && /^[^\s})\]]/.test(after.text) ? 3 : 2;
};

const digestOf = (line: DiffLine | undefined): string =>
  createHash("sha256")
    .update(line?.text ?? "")
    .digest("hex");

const takePart = (hunk: Hunk, from: number, to: number): HunkPart => {
  const lines = hunk.lines.slice(from, to);
  if (lines.length === hunk.lines.length) return { hunk, from, to };
  const oldCount = lines.filter(({ kind }) => kind !== "added").length;
  const newCount = lines.filter(({ kind }) => kind !== "removed").length;
  const oldLine = lines[0]?.oldLine ?? hunk.oldStart;
  const newLine = lines[0]?.newLine ?? hunk.newStart;
  return {
    hunk: {
      oldStart: oldCount > 0 ? oldLine : emptyStart(hunk.oldCount, oldLine),
      oldCount,
      newStart: newCount > 0 ? newLine : emptyStart(hunk.newCount, newLine),
      newCount,
      heading: hunk.heading,
      lines,
    },
    from,
    to,
  };
};

// The counter of a side that is empty in the whole hunk already stands at the line before it.
const emptyStart = (countOfWhole: number, counter: number): number =>
  countOfWhole === 0 ? counter : Math.max(0, counter - 1);
