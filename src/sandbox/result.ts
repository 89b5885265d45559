import { setImmediate as nextTask } from "node:timers/promises";
import {
  type Exact,
  exactEntries,
  exactFloat,
  isExactArray,
  isPlain,
  parseExact,
  sandboxValue,
  WholeFloat,
} from "../flow/exact.ts";
import type { NodeFailure } from "../flow/ports.ts";
import { pythonJson } from "../flow/value-text.ts";
import { stated } from "../base/errors.ts";
import type { Message } from "../messages/message.ts";

/** Longest JSON text that a code node may return; Dify's checks of single outputs come after it. */
export const MAX_RESULT_CHARS = 8_000_000;

/** Deeper values than this are refused; Dify's own limit on what a code node returns is 5. */
export const MAX_RESULT_DEPTH = 100;

/** A failure of a code node, in its own words or ours, under Dify's name for it. Code that failed once fails again: no retry. */
export const codeFailure = (problem: string | Message): NodeFailure => ({
  ok: false,
  errorType: "CodeExecutionError",
  ...(typeof problem === "string" ? { message: problem } : stated(problem)),
  retryable: false,
});

/** Texts up to this length are parsed in one go: a few milliseconds. */
const PIECE_CHARS = 128 * 1024;
/** How long the event loop is held at most between two pieces, in milliseconds. */
const SLICE_MS = 8;

/** A problem of the text; never leaves this file. */
class Unreadable extends Error {}

const parse = (text: string): Exact => {
  try {
    return parseExact(text);
  } catch {
    throw new Unreadable();
  }
};

const childrenOf = (value: Exact): readonly Exact[] =>
  value !== null && typeof value === "object" && !(value instanceof WholeFloat) ? Object.values(value) : [];

/** Texts that Python would read as a float in scientific notation, as Dify's server does with results. */
const SCIENTIFIC = /^-?\d+\.?\d*e[+-]\d+$/i;

const readText = (value: Exact): Exact =>
  typeof value === "string" && value.length < 400 && SCIENTIFIC.test(value)
    ? exactFloat(Number(value))
    : value;

/** Makes a parsed piece clean, in place: its depth, its keys and its texts. */
const clean = (root: Exact, depth: number): Exact => {
  let level: readonly Exact[] = [root];
  for (let at = depth; level.length > 0; at += 1) {
    if (at > MAX_RESULT_DEPTH) throw new Unreadable();
    for (const value of level) {
      if (value === null || typeof value !== "object" || value instanceof WholeFloat) continue;
      if (Object.hasOwn(value, "__proto__")) Reflect.deleteProperty(value, "__proto__");
      for (const [key, item] of Object.entries<Exact>(value)) {
        const read = readText(item);
        if (read !== item) Reflect.set(value, key, read);
      }
    }
    level = level.flatMap(childrenOf);
  }
  return readText(root);
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/** Reads a long JSON text piece by piece, with a pause for the event loop between them. */
const createPieceReader = (text: string) => {
  let at = 0;
  let pausedAt = performance.now();

  const pause = async (): Promise<void> => {
    if (performance.now() - pausedAt < SLICE_MS) return;
    await nextTask();
    pausedAt = performance.now();
  };
  const skipSpace = (): void => {
    while (isSpace(text.charCodeAt(at))) at += 1;
  };
  /** The place behind the text in quotes that begins at `from`. */
  const endOfText = (from: number): number => {
    for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
      let slashes = 0;
      while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
      if (slashes % 2 === 0) return end + 1;
    }
    throw new Unreadable();
  };
  /**
   * Where the siblings that begin at `at` end, as many as fit in a piece: the place of a comma or of the bracket
   * that closes them; null when not even the first one fits.
   */
  const endOfSiblings = (): number | null => {
    let depth = 0;
    let comma: number | null = null;
    const limit = Math.min(text.length, at + PIECE_CHARS);
    for (let place = at; place < limit; place += 1) {
      const code = text.charCodeAt(place);
      if (code === QUOTE) place = endOfText(place) - 1;
      else if (code === OPEN_LIST || code === OPEN_OBJECT) depth += 1;
      else if (code === COMMA && depth === 0) comma = place;
      else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
        if (depth === 0) return place;
        depth -= 1;
      }
    }
    return comma;
  };
  const takeText = (): string => {
    skipSpace();
    if (text.charCodeAt(at) !== QUOTE) throw new Unreadable();
    const end = endOfText(at);
    const taken = parse(text.slice(at, end));
    at = end;
    if (typeof taken !== "string") throw new Unreadable();
    return taken;
  };
  /** Reads a container's parts through `takePiece`, many at once, and `takeOne`, where one alone is long. */
  const readParts = async (
    [open, close]: readonly [string, string],
    takePiece: (piece: Exact) => void,
    takeOne: () => Promise<void>,
    depth: number,
  ): Promise<void> => {
    at += 1;
    for (let isFirst = true; ; isFirst = false) {
      await pause();
      const end = endOfSiblings();
      if (end === null) await takeOne();
      else {
        const piece = text.slice(at, end);
        if (piece.trim() !== "") takePiece(clean(parse(open + piece + close), depth));
        else if (!isFirst) throw new Unreadable();
        at = end;
      }
      skipSpace();
      at += 1;
      if (text[at - 1] === close) return;
      if (text[at - 1] !== ",") throw new Unreadable();
    }
  };
  const readList = async (depth: number): Promise<Exact> => {
    const items: Exact[] = [];
    const takePiece = (piece: Exact): void => {
      for (const item of childrenOf(piece)) items.push(item);
    };
    await readParts(["[", "]"], takePiece, async () => void items.push(await readValue(depth + 1)), depth);
    return items;
  };
  const readObject = async (depth: number): Promise<Exact> => {
    const object: Record<string, Exact> = {};
    const takeOne = async (): Promise<void> => {
      const key = takeText();
      skipSpace();
      if (text[at] !== ":") throw new Unreadable();
      at += 1;
      const value = await readValue(depth + 1);
      if (key !== "__proto__") object[key] = value;
    };
    await readParts(["{", "}"], (piece) => void Object.assign(object, piece), takeOne, depth);
    return object;
  };
  const readValue = async (depth: number): Promise<Exact> => {
    if (depth > MAX_RESULT_DEPTH) throw new Unreadable();
    skipSpace();
    const code = text.charCodeAt(at);
    if (code === OPEN_LIST) return await readList(depth);
    if (code === OPEN_OBJECT) return await readObject(depth);
    // Only a text can be too long for a piece and no container.
    return readText(takeText());
  };
  return async (): Promise<Exact> => {
    const value = await readValue(0);
    skipSpace();
    if (at < text.length) throw new Unreadable();
    return value;
  };
};

/**
 * Reads the JSON text that code in a sandbox returned: null when it is not JSON or deeper than
 * {@link MAX_RESULT_DEPTH}. A key `__proto__` is left out, so that no later copy of the value can change an
 * object's prototype; texts in scientific notation (`1e+5`) become numbers, as Dify's server makes them.
 * A long text is read in pieces between which the event loop runs.
 */
export const readResult = async (text: string): Promise<{ readonly value: Exact } | null> => {
  try {
    if (text.length > PIECE_CHARS) {
      const value = await createPieceReader(text)();
      // The caller's own work on so much gets a time slice of its own.
      await nextTask();
      return { value };
    }
    return { value: clean(parse(text), 0) };
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
};

/**
 * JSON text of a code node's inputs, one variable and one long list's item at a time, with pauses for the event
 * loop. Whole floats and long integers keep their digits.
 */
export const writeInputs = async (inputs: Readonly<Record<string, Exact>>): Promise<string> => {
  let pausedAt = performance.now();
  const write = async (value: Exact): Promise<string> => {
    if (performance.now() - pausedAt >= SLICE_MS) {
      await nextTask();
      pausedAt = performance.now();
    }
    if (isSmall(value)) return isPlain(value) ? JSON.stringify(value) : pythonJson(sandboxValue(value));
    if (isExactArray(value)) {
      const items: string[] = [];
      for (const item of value) items.push(await write(item));
      return `[${items.join(",")}]`;
    }
    const members: string[] = [];
    for (const [key, item] of exactEntries(value))
      members.push(`${JSON.stringify(key)}:${await write(item)}`);
    return `{${members.join(",")}}`;
  };
  return await write(inputs);
};

/** Values that are written in one go: up to some thousand parts, or one text. */
const SMALL_PARTS = 2000;

const isSmall = (root: Exact): boolean => {
  if (typeof root === "string") return true;
  const open: Exact[] = [root];
  let parts = 0;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    parts += typeof value === "string" ? 1 + value.length / 64 : 1;
    if (value === null || typeof value !== "object") continue;
    const children = isExactArray(value) ? value : exactEntries(value).map(([, item]) => item);
    parts += children.length;
    if (parts > SMALL_PARTS) return false;
    for (const child of children) open.push(child);
  }
  return parts <= SMALL_PARTS;
};
