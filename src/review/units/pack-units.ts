import { digestOf, pathOf } from "./hunk-digest.ts";
import { byFile, fileTokens, FRAME_TOKENS } from "./render-unit.ts";
import type { ReviewHunk, ReviewUnit } from "./review-unit.ts";

/** How large a unit may become. */
export type UnitLimits = {
  /** Tokens of the rendered unit, as `estimateTokens` counts them. */
  readonly unitTokens: number;
  readonly maxHunksPerUnit?: number;
};

/**
 * Packs hunks into units: each hunk once, those of a file in their order and, where they fit, in one
 * unit; a test beside what it tests and files of one folder next to each other. No unit costs more than
 * `unitTokens`, but for a hunk that alone does. The same hunks give the same units, and a unit's id
 * depends on nothing but its hunks.
 */
export const packUnits = (hunks: readonly ReviewHunk[], limits: UnitLimits): readonly ReviewUnit[] => {
  const units: ReviewUnit[] = [];
  let open: readonly ReviewHunk[] = [];
  const close = (): void => {
    if (open.length > 0) units.push(createUnit(open));
    open = [];
  };
  for (const file of inOrder(hunks)) {
    // A file that fits a unit is not torn apart to fill one.
    if (!fits([...open, ...file], limits)) close();
    for (const hunk of file) {
      if (!fits([...open, hunk], limits)) close();
      open = [...open, hunk];
    }
  }
  close();
  return units;
};

const fits = (
  hunks: readonly ReviewHunk[],
  { unitTokens, maxHunksPerUnit = Infinity }: UnitLimits,
): boolean => hunks.length <= maxHunksPerUnit && costOf(hunks) <= unitTokens;

const costOf = (hunks: readonly ReviewHunk[]): number => {
  const files = byFile(hunks).flatMap((file) => file.slice(0, 1));
  return (
    FRAME_TOKENS +
    files.reduce((sum, { file }) => sum + fileTokens(file), 0) +
    hunks.reduce((sum, { tokens }) => sum + tokens, 0)
  );
};

const createUnit = (hunks: readonly ReviewHunk[]): ReviewUnit => ({
  id: digestOf(hunks.map(({ digest }) => digest)),
  hunks,
  tokens: costOf(hunks),
});

/** The hunks by file, related files next to each other; the order of the input decides nothing else. */
const inOrder = (hunks: readonly ReviewHunk[]): readonly (readonly ReviewHunk[])[] => {
  const files = new Map<string, ReviewHunk[]>();
  for (const hunk of hunks) {
    const path = pathOf(hunk.file);
    const known = files.get(path);
    if (known === undefined) files.set(path, [hunk]);
    else known.push(hunk);
  }
  return [...files.entries()]
    .map(([path, file]) => ({ key: `${relationOf(path)}\0${path}`, file }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ file }) => file);
};

const TEST_FOLDER = /^(?:src|lib|app|main|tests?|specs?|__tests__|unit|java|kotlin|scala)$/;
const TEST_NAME = /^(?:test_)?(.*?)(?:[._-](?:test|tests|spec)|(?<=[a-z0-9])(?:Tests?|Spec))?$/;

/** What a file and its test have in common: its folder and name without the words that tell them apart. */
const relationOf = (path: string): string => {
  const folders = path.split("/");
  const name = folders.pop() ?? "";
  const dot = name.indexOf(".", 1);
  const stem = dot < 0 ? name : name.slice(0, dot);
  const tested = /[._-](?:test|spec)s?\./.test(name) ? stem : (TEST_NAME.exec(stem)?.[1] ?? stem);
  return [...folders.filter((folder) => !TEST_FOLDER.test(folder)), "", tested].join("/");
};
