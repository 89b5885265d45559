import { digestOf, pathOf } from "./hunk-digest.ts";
import { fileTokens, FRAME_TOKENS } from "./render-unit.ts";
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
  let open = EMPTY;
  const close = (): void => {
    if (open.hunks.length > 0) units.push(createUnit(open));
    open = EMPTY;
  };
  for (const file of inOrder(hunks)) {
    // A file that fits a unit is not torn apart to fill one.
    if (!fits(open, file, limits)) close();
    for (const hunk of file) {
      if (!fits(open, [hunk], limits)) close();
      open = { hunks: [...open.hunks, hunk], tokens: open.tokens + costOf(open, [hunk]) };
    }
  }
  close();
  return units;
};

type Content = Pick<ReviewUnit, "hunks" | "tokens">;

const EMPTY: Content = { hunks: [], tokens: FRAME_TOKENS };

const fits = (unit: Content, more: readonly ReviewHunk[], limits: UnitLimits): boolean =>
  unit.hunks.length + more.length <= (limits.maxHunksPerUnit ?? Infinity) &&
  unit.tokens + costOf(unit, more) <= limits.unitTokens;

/** What hunks of one file add to a unit, the line above them included where it is not there yet. */
const costOf = (unit: Content, more: readonly ReviewHunk[]): number => {
  const [first] = more;
  if (first === undefined) return 0;
  const head = unit.hunks.at(-1)?.file === first.file ? 0 : fileTokens(first.file);
  return more.reduce((sum, { tokens }) => sum + tokens, head);
};

const createUnit = ({ hunks, tokens }: Content): ReviewUnit => ({
  id: digestOf(hunks.map(({ digest }) => digest)),
  hunks,
  tokens,
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
