import { pathOf } from "./hunk-digest.ts";
import type { ReviewUnit } from "./review-unit.ts";

/** The files that a unit has hunks of, each once. */
export const filesOf = (unit: ReviewUnit): readonly string[] => [
  ...new Set(unit.hunks.map(({ file }) => pathOf(file))),
];
