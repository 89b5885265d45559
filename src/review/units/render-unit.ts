import type { FileDiff } from "../../diff/file-diff.ts";
import { estimateTokens } from "../../base/estimate-tokens.ts";
import { pathOf } from "./hunk-digest.ts";
import type { ReviewHunk, ReviewUnit } from "./review-unit.ts";
import { showInvisible } from "./shown-hunk.ts";

const NONCE = /^[A-Za-z0-9]{16,40}$/;
const WORST_NONCE = "0".repeat(40);

const begin = (nonce: string): string => `<<<DIFF ${nonce}`;
const end = (nonce: string): string => `DIFF ${nonce}>>>`;

/** A path as a model sees it; a finding's path is compared with this. It holds no line end. */
export const shownPath = (path: string): string => showInvisible(path.replace(/\r$/, "⟨U+000D⟩"));

/** The line above a file's hunks. */
const fileLine = (file: FileDiff): string =>
  `=== ${shownPath(pathOf(file))} (${
    file.change === "renamed" ? `renamed from ${shownPath(file.oldPath)}` : file.change
  }) ===`;

/** What a unit costs besides its files and hunks: the two lines with the nonce, at their longest. */
export const FRAME_TOKENS = estimateTokens(`${begin(WORST_NONCE)}\n\n${end(WORST_NONCE)}`);

/** What the line above a file's hunks costs. */
export const fileTokens = (file: FileDiff): number => estimateTokens(fileLine(file)) + 1;

/**
 * A unit as a model sees it: per file a line with its path and change, per hunk a line with its heading,
 * then its numbered lines. Between files there is nothing but their own lines: a line of code always
 * starts with its number, so that none can be taken for a line of ours.
 *
 *     <<<DIFF 5f0c…
 *     === src/cart.js (modified) ===
 *     @@ export const total @@
 *        12     | const a = 1;
 *        13  -  | var b = 2;
 *        13  +  | let b = 2;
 *     DIFF 5f0c…>>>
 *
 * The nonce is random and new for each run, 16 to 40 letters and digits. Should a text hold it all the
 * same, in whatever case, it is taken out of the text, so that nothing within can end the unit.
 *
 * @throws RangeError for a nonce that is none.
 */
export const renderUnit = (unit: Pick<ReviewUnit, "hunks">, nonce: string): string => {
  if (!NONCE.test(nonce)) throw new RangeError("a nonce is 16 to 40 letters and digits");
  const inner = byFile(unit.hunks)
    .map((hunks) => [
      ...hunks.slice(0, 1).map(({ file }) => fileLine(file)),
      ...hunks.map(({ text }) => text),
    ])
    .flat()
    .join("\n");
  return `${begin(nonce)}\n${inner.replace(new RegExp(nonce, "gi"), "[nonce]")}\n${end(nonce)}`;
};

const byFile = (hunks: readonly ReviewHunk[]): readonly (readonly ReviewHunk[])[] => {
  const files: ReviewHunk[][] = [];
  for (const hunk of hunks) {
    const last = files.at(-1);
    if (last !== undefined && last[0]?.file === hunk.file) last.push(hunk);
    else files.push([hunk]);
  }
  return files;
};
