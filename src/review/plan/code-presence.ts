import type { DiffLine, FileDiff, Hunk } from "../../diff/file-diff.ts";
import { pathOf, placeOf } from "./fingerprint.ts";
import type { Matter } from "./fingerprint.ts";

/**
 * Whether the code that a thread is about is still among the changes. `unknown` where the changes of its
 * file could not be had, and for threads about a file as a whole, whose file is still changed.
 */
export const codePresence = (
  { path, place, lines }: Matter,
  files: readonly FileDiff[],
): "there" | "gone" | "unknown" => {
  const file = files.find((one) => pathOf(one) === path);
  if (file === undefined) return path === "" ? "unknown" : "gone";
  if (lines === 0 || file.hunks.length === 0) return "unknown";
  const isThere = file.hunks.some((hunk) => sidesOf(hunk).some((side) => holds(path, place, side, lines)));
  return isThere ? "there" : "gone";
};

const sidesOf = (hunk: Hunk): readonly (readonly DiffLine[])[] => [
  hunk.lines.filter((line) => line.kind !== "removed"),
  hunk.lines.filter((line) => line.kind !== "added"),
];

const holds = (path: string, place: string, side: readonly DiffLine[], lines: number): boolean =>
  side.some(
    (_, at) =>
      at + lines <= side.length &&
      placeOf(
        path,
        side
          .slice(at, at + lines)
          .map((line) => line.text)
          .join("\n"),
      ) === place,
  );
