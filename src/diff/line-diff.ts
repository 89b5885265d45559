/** Which lines of the old text are gone and which of the new one were added; 1 for yes, by index. */
export type LineDiff = { readonly removed: Uint8Array; readonly added: Uint8Array };

/** Beyond this many edits the search is split at lines that occur once, then given up for a part. */
const MAX_EDITS = 1_000;

type Range = {
  readonly oldFrom: number;
  readonly oldTo: number;
  readonly newFrom: number;
  readonly newTo: number;
};

type Texts = { readonly old: Int32Array; readonly new: Int32Array };

/**
 * Compares two texts line by line with Myers' algorithm ("An O(ND) Difference Algorithm and Its
 * Variations", 1986). The result is minimal up to a thousand edits, beyond that merely right: what was
 * kept is the same sequence on both sides. A group of changes that could stand in several places stands
 * in the last one, as git has it.
 */
export const diffLines = (oldLines: readonly string[], newLines: readonly string[]): LineDiff => {
  const ids = new Map<string, number>();
  const toId = (line: string): number => {
    const id = ids.get(line) ?? ids.size;
    ids.set(line, id);
    return id;
  };
  const texts = { old: Int32Array.from(oldLines, toId), new: Int32Array.from(newLines, toId) };
  const marks = { removed: new Uint8Array(oldLines.length), added: new Uint8Array(newLines.length) };
  compare(texts, marks, { oldFrom: 0, oldTo: oldLines.length, newFrom: 0, newTo: newLines.length }, true);
  slideDown(texts.old, marks.removed);
  slideDown(texts.new, marks.added);
  return marks;
};

const compare = (texts: Texts, marks: LineDiff, whole: Range, maySplit: boolean): void => {
  let { oldFrom, oldTo, newFrom, newTo } = whole;
  while (oldFrom < oldTo && newFrom < newTo && texts.old[oldFrom] === texts.new[newFrom]) {
    oldFrom += 1;
    newFrom += 1;
  }
  while (oldFrom < oldTo && newFrom < newTo && texts.old[oldTo - 1] === texts.new[newTo - 1]) {
    oldTo -= 1;
    newTo -= 1;
  }
  const range = { oldFrom, oldTo, newFrom, newTo };
  if (oldFrom === oldTo || newFrom === newTo) return replaceAll(marks, range);
  const rows = searchEdits(texts, range);
  if (rows !== null) return markEdits(marks, range, rows);
  const parts = maySplit ? splitAtUniqueLines(texts, range) : [];
  if (parts.length < 2) return replaceAll(marks, range);
  for (const part of parts) compare(texts, marks, part, false);
};

const replaceAll = (marks: LineDiff, { oldFrom, oldTo, newFrom, newTo }: Range): void => {
  marks.removed.fill(1, oldFrom, oldTo);
  marks.added.fill(1, newFrom, newTo);
};

/**
 * Myers' search: for each number of edits, how far the old text was reached on every diagonal (old minus
 * new index) before that edit was made. The last row belongs to the edit that reached both ends. Null
 * when it takes too many.
 */
const searchEdits = (texts: Texts, range: Range): readonly Int32Array[] | null => {
  const oldLength = range.oldTo - range.oldFrom;
  const newLength = range.newTo - range.newFrom;
  const most = Math.min(oldLength + newLength, MAX_EDITS);
  const zero = most + 1;
  const reached = new Int32Array(2 * most + 3);
  const rows: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits += 1) {
    const row = reached.slice(zero - edits - 1, zero + edits + 2);
    rows.push(row);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const from = stepFrom(row, edits, diagonal);
      let x = from > diagonal ? at(row, edits, from) : at(row, edits, from) + 1;
      while (x < oldLength && x - diagonal < newLength && isSameLine(texts, range, x, x - diagonal)) x += 1;
      reached[zero + diagonal] = x;
      if (x >= oldLength && x - diagonal >= newLength) return rows;
    }
  }
  return null;
};

const isSameLine = (texts: Texts, { oldFrom, newFrom }: Range, x: number, y: number): boolean =>
  texts.old[oldFrom + x] === texts.new[newFrom + y];

const at = (row: Int32Array, edits: number, diagonal: number): number => row[diagonal + edits + 1] ?? 0;

/** The diagonal that the furthest way to `diagonal` comes from: the one above it (an addition) or below. */
const stepFrom = (row: Int32Array, edits: number, diagonal: number): number => {
  if (diagonal === -edits) return diagonal + 1;
  if (diagonal === edits) return diagonal - 1;
  return at(row, edits, diagonal - 1) < at(row, edits, diagonal + 1) ? diagonal + 1 : diagonal - 1;
};

/** Walks the rows back from the ends and marks each edit on the way. */
const markEdits = (marks: LineDiff, range: Range, rows: readonly Int32Array[]): void => {
  let diagonal = range.oldTo - range.oldFrom - (range.newTo - range.newFrom);
  for (let edits = rows.length - 1; edits > 0; edits -= 1) {
    const row = rows[edits] ?? new Int32Array();
    const from = stepFrom(row, edits, diagonal);
    const x = at(row, edits, from);
    if (from > diagonal) marks.added[range.newFrom + x - from] = 1;
    else marks.removed[range.oldFrom + x] = 1;
    diagonal = from;
  }
};

/** Splits at the lines that occur once on either side, as long as they come in the same order. */
const splitAtUniqueLines = (texts: Texts, range: Range): readonly Range[] => {
  const { oldFrom, oldTo, newFrom, newTo } = range;
  const newIndexes = uniqueLines(texts.new, newFrom, newTo);
  const anchors = [...uniqueLines(texts.old, oldFrom, oldTo)].flatMap(([id, oldIndex]) => {
    const newIndex = newIndexes.get(id);
    return newIndex === undefined ? [] : [{ oldIndex, newIndex }];
  });
  const parts: Range[] = [];
  let last = { oldIndex: oldFrom, newIndex: newFrom };
  for (const anchor of [...longestRise(anchors), { oldIndex: oldTo, newIndex: newTo }]) {
    parts.push({
      oldFrom: last.oldIndex,
      oldTo: anchor.oldIndex,
      newFrom: last.newIndex,
      newTo: anchor.newIndex,
    });
    last = anchor;
  }
  return parts;
};

/** Line ids that occur once between the indexes, with the place of each, in order. */
const uniqueLines = (lines: Int32Array, from: number, to: number): ReadonlyMap<number, number> => {
  const places = new Map<number, number>();
  for (let index = from; index < to; index += 1) {
    const id = lines[index] ?? -1;
    places.set(id, places.has(id) ? -1 : index);
  }
  return new Map([...places].filter(([, index]) => index >= 0));
};

type Anchor = { readonly oldIndex: number; readonly newIndex: number };

/** The longest part of the anchors (in order of the old text) that is in order of the new text too. */
const longestRise = (anchors: readonly Anchor[]): readonly Anchor[] => {
  type Pile = { readonly anchor: Anchor; readonly before: Pile | undefined };
  const piles: Pile[] = [];
  for (const anchor of anchors) {
    let low = 0;
    let high = piles.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((piles[middle]?.anchor.newIndex ?? 0) < anchor.newIndex) low = middle + 1;
      else high = middle;
    }
    piles[low] = { anchor, before: piles[low - 1] };
  }
  const rise: Anchor[] = [];
  for (let pile = piles.at(-1); pile !== undefined; pile = pile.before) rise.push(pile.anchor);
  return rise.reverse();
};

/**
 * Moves each group of marked lines down while its first line equals the one behind it. What stays
 * unmarked is the same sequence of lines, so that the other side is not touched.
 */
const slideDown = (lines: Int32Array, marks: Uint8Array): void => {
  for (let start = marks.length - 1; start >= 0; start -= 1) {
    if (marks[start] !== 1 || marks[start - 1] === 1) continue;
    let first = start;
    let end = start;
    while (marks[end] === 1) end += 1;
    while (end < lines.length && marks[end] !== 1 && lines[first] === lines[end]) {
      marks[first] = 0;
      marks[end] = 1;
      first += 1;
      while (marks[end] === 1) end += 1;
    }
  }
};
