import type { FileDiff, Hunk } from "../../diff/file-diff.ts";
import { estimateTokens } from "../../base/estimate-tokens.ts";
import { findHeading, MAX_HEADING_TOKENS } from "./find-heading.ts";
import { headLine, numberLine } from "./number-lines.ts";
import { fileTokens, FRAME_TOKENS } from "./render-unit.ts";
import type { ReviewHunk } from "./review-unit.ts";
import { shownHunk } from "./shown-hunk.ts";
import { splitHunk } from "./split-hunk.ts";

const HEAD_TOKENS = MAX_HEADING_TOKENS + estimateTokens("@@ @@\n") + 2;

/**
 * The hunks of a file as they are reviewed: rendered, their secrets masked, split where one alone would
 * not fit a unit of `unitTokens`. A single line that does not fit is a part of its own.
 */
export const renderHunks = (
  file: FileDiff,
  unitTokens: number,
  digest: (file: FileDiff, hunk: Hunk) => string,
): readonly ReviewHunk[] =>
  file.hunks.flatMap((whole) => {
    const { heading, texts } = shownHunk(whole);
    const lines = whole.lines.map((line, index) => numberLine(line, texts[index] ?? ""));
    const costs = lines.map((line) => estimateTokens(line) + 1);
    const budget = unitTokens - FRAME_TOKENS - fileTokens(file) - HEAD_TOKENS;
    return splitHunk(whole, costs, budget).map(({ hunk, from, to }) => {
      const head = headLine(findHeading(whole, heading, texts, from));
      const text = [head, ...lines.slice(from, to)].join("\n");
      return { digest: digest(file, hunk), file, hunk, text, tokens: estimateTokens(text) + 1 };
    });
  });
