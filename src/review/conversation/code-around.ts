import type { Position } from "../../diff/position.ts";
import { fromPosition } from "../../diff/to-position.ts";
import type { Diff } from "../forge.ts";
import { pathOf } from "../units/hunk-digest.ts";
import { renderUnit } from "../units/render-unit.ts";
import type { ReviewHunk } from "../units/review-unit.ts";
import { selectHunks } from "../units/select-hunks.ts";

/** What one answer reads of the change, in tokens as they are estimated. */
const MAX_TOKENS = 12_000;

/**
 * The changed code that a thread is about, as a model sees it: the hunks of the thread's file, the nearest
 * first taken, or as much as there is room for of the whole change. Empty where there is none.
 */
export const renderCodeAround = (diff: Diff, position: Position | null, nonce: string): string => {
  const { hunks } = selectHunks(diff, { include: [], exclude: [], unitTokens: MAX_TOKENS });
  const near =
    position === null
      ? hunks
      : hunks
          .filter(({ file }) => pathOf(file) === position.newPath || file.oldPath === position.oldPath)
          .toSorted((left, right) => distanceTo(left, position) - distanceTo(right, position));
  const taken = new Set<ReviewHunk>();
  let tokens = 0;
  for (const hunk of near) {
    tokens += hunk.tokens;
    if (tokens > MAX_TOKENS && taken.size > 0) break;
    taken.add(hunk);
  }
  const shown = hunks.filter((hunk) => taken.has(hunk));
  return shown.length === 0 ? "" : renderUnit({ hunks: shown }, nonce);
};

const distanceTo = ({ hunk, file }: ReviewHunk, { on }: Position): number => {
  if (on.kind === "file") return 0;
  const { oldLine, newLine } = fromPosition(file, on) ?? on;
  const isNew = newLine !== null;
  const line = newLine ?? oldLine ?? 0;
  const [start, count] = isNew ? [hunk.newStart, hunk.newCount] : [hunk.oldStart, hunk.oldCount];
  if (line < start) return start - line;
  return Math.max(0, line - (start + Math.max(count, 1) - 1));
};
