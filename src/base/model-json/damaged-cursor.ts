/** What is being read around the cursor: the key or the value of an object's entry, an item, or `(…)`. */
export type Place = "key" | "value" | "item" | "group";

/** Where the reading of a damaged text stands. */
export type DamagedCursor = {
  readonly text: string;
  readonly places: Place[];
  /** By character, for each offset, where it stands next; so that searching ahead costs no time. */
  readonly tables: Map<string, Int32Array>;
  at: number;
  /** Arrays and objects that are whole are read as they stand; this holds those that are not. Null: only the first is. */
  readonly notWhole: Set<number> | null;
  /** Whether an array or object was met. */
  metFirst: boolean;
  /** How many characters of strings were read, those that were read again with them. */
  steps: number;
  /** Why the reading was given up; the cursor is at the end of the text then. */
  givenUp: "too-deep" | "too-damaged" | null;
  /** Whether something was read of which it is not sure what json_repair makes. */
  doubtful: boolean;
  /** Whether a string has quotes inside, or ended where no quote or nothing that may follow a string is. */
  isBroken: boolean;
};

export const createCursor = (text: string, notWhole: Set<number> | null): DamagedCursor => ({
  text,
  places: [],
  tables: new Map(),
  at: 0,
  notWhole,
  metFirst: false,
  steps: 0,
  givenUp: null,
  doubtful: false,
  isBroken: false,
});

export const placeOf = ({ places }: DamagedCursor): Place | undefined => places.at(-1);

/** Gives the reading up: the cursor goes to the end of the text, where nothing is left to read. */
export const giveUp = (cursor: DamagedCursor, reason: "too-deep" | "too-damaged"): void => {
  cursor.givenUp = reason;
  cursor.at = cursor.text.length;
};

/** A text is given up when its strings had to be read this many times on the average, and this many characters more. */
const MOST_READINGS = 20;
const SPARE_STEPS = 100_000;

/** Notes that a string was read from `start` to the cursor, so that no text can make the reading slow. */
export const noteSteps = (cursor: DamagedCursor, start: number): void => noteWork(cursor, cursor.at - start);

/** Notes that so many characters were looked at, see {@link noteSteps}. */
export const noteWork = (cursor: DamagedCursor, characters: number): void => {
  cursor.steps += characters;
  if (cursor.steps > MOST_READINGS * cursor.text.length + SPARE_STEPS) giveUp(cursor, "too-damaged");
};

/** For each offset the next one, from it on, that fits; the text's length when none does. */
const nextOf = (
  { text, tables }: DamagedCursor,
  name: string,
  fits: (at: number) => boolean,
  from: number,
): number => {
  if (from >= text.length) return text.length;
  let table = tables.get(name);
  if (table === undefined) {
    table = new Int32Array(text.length);
    let next = text.length;
    for (let at = text.length - 1; at >= 0; at -= 1) {
      if (fits(at)) next = at;
      table[at] = next;
    }
    tables.set(name, table);
  }
  return table[from] ?? text.length;
};

/** Where one of the characters stands next, from `from` on; the text's length when none does. */
export const findNext = (cursor: DamagedCursor, characters: string, from: number): number =>
  nextOf(cursor, characters, (at) => characters.includes(cursor.text.charAt(at)), from);

/** Whether a character stands at the offset without a backslash in front. */
export const isUnescaped = (text: string, character: string, at: number): boolean =>
  text[at] === character && text[at - 1] !== "\\";

/** As {@link findNext} for one character, passing over those with a backslash in front. */
export const findUnescaped = (cursor: DamagedCursor, character: string, from: number): number =>
  nextOf(cursor, `unescaped ${character}`, (at) => isUnescaped(cursor.text, character, at), from);

/** How often a character without a backslash in front stands between two offsets. */
export const countUnescaped = (
  { text, tables }: DamagedCursor,
  character: string,
  from: number,
  to: number,
): number => {
  const name = `count ${character}`;
  let table = tables.get(name);
  if (table === undefined) {
    table = new Int32Array(text.length + 1);
    for (let at = 0; at < text.length; at += 1) {
      table[at + 1] = (table[at] ?? 0) + (isUnescaped(text, character, at) ? 1 : 0);
    }
    tables.set(name, table);
  }
  return (table[to] ?? 0) - (table[from] ?? 0);
};

const BLANK = /\s/;

/** The first offset from `from` on where no white space stands. */
export const skipBlanks = (cursor: DamagedCursor, from: number): number =>
  nextOf(cursor, "no blank", (at) => !BLANK.test(cursor.text.charAt(at)), from);

/** Moves the cursor over white space. */
export const passBlanks = (cursor: DamagedCursor): void => {
  cursor.at = skipBlanks(cursor, cursor.at);
};
