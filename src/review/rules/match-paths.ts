import { type Reason, reasonOf } from "../../base/reason.ts";
import { compileSegment } from "./glob-segments.ts";

/** The longest glob that is taken from a repository or a note, in characters, and how many at once. */
const MAX_GLOB = 200;
export const MAX_GLOBS = 100;
const MAX_ALTERNATIVES = 32;
/** How many globs a list may stand for once every `{a,b}` is written out. */
export const MAX_PATTERNS = 200;
/** A longer path, in characters, matches no glob. */
const MAX_PATH = 1_000;

/** How a glob without a slash is meant: as a file's name anywhere (`name`), or in the root only (`path`). */
export type BareGlob = "name" | "path";

/**
 * Whether paths match globs of a stranger. `*` stays within a name, `**` crosses folders, `?`, `[…]` and
 * `{a,b}` are as usual, a folder with its slash (`docs/`) means all within, and a glob that begins with
 * `!` keeps out what it matches. Without any glob that takes in, everything else is in.
 *
 * The work grows with the lengths of glob and path only, unlike that of regular expressions, with which
 * a few stars and a well-chosen path keep a process busy for minutes. What a list stands for beyond
 * `MAX_PATTERNS` globs is left out.
 */
export const matchesPaths = (
  globs: readonly string[],
  bare: BareGlob = "name",
): ((path: string) => boolean) => {
  const taken = takePatterns(globs).map((glob) => glob.trim());
  const out = taken.filter((glob) => glob.startsWith("!")).map((glob) => compileGlob(glob.slice(1), bare));
  const into = taken.filter((glob) => !glob.startsWith("!")).map((glob) => compileGlob(glob, bare));
  return (path) =>
    (into.length === 0 || into.some((matches) => matches(path))) && !out.some((matches) => matches(path));
};

/** The first globs of a list, as many as may be matched. */
export const takePatterns = (globs: readonly string[]): readonly string[] => {
  let patterns = 0;
  const over = globs
    .slice(0, MAX_GLOBS)
    .findIndex((glob) => (patterns += countPatterns(glob)) > MAX_PATTERNS);
  return globs.slice(0, over === -1 ? MAX_GLOBS : over);
};

/** How many globs one stands for, every `{a,b}` written out; one that is not taken stands for one. */
export const countPatterns = (glob: string): number =>
  isTaken(glob) ? (expandBraces(glob)?.length ?? 1) : 1;

/** Where a glob stands, and how it is shown in a problem. */
type GlobPlace = { readonly file: string; readonly key: string; readonly glob: string };

/** Why a glob is not taken; null when it is. */
export const checkGlob = (glob: string, place: GlobPlace): Reason | null => {
  const { file, key } = place;
  if (glob.trim() === "" || glob.trim() === "!") return reasonOf("glob-empty", { file, key });
  if (glob.length > MAX_GLOB) return reasonOf("glob-too-long", { ...place, most: MAX_GLOB });
  if (/\p{Cc}/u.test(glob)) return reasonOf("glob-control-characters", place);
  if (expandBraces(glob) === null)
    return reasonOf("glob-expands-too-far", { ...place, most: MAX_ALTERNATIVES });
  return null;
};

const isTaken = (glob: string): boolean => checkGlob(glob, { file: "", key: "", glob: "" }) === null;

const compileGlob = (glob: string, bare: BareGlob): ((path: string) => boolean) => {
  const alternatives = (isTaken(glob) ? (expandBraces(glob) ?? []) : []).map((one) => compilePath(one, bare));
  return (path) => {
    if (path.length > MAX_PATH) return false;
    const names = path.split("/");
    return alternatives.some((matches) => matches(names));
  };
};

/** Every `{a,b}` written out, innermost first; null when that is too much. */
const expandBraces = (glob: string): readonly string[] | null => {
  let open = [glob];
  const done: string[] = [];
  while (open.length > 0) {
    const next: string[] = [];
    for (const one of open) {
      const match = /\{([^{}]*,[^{}]*)\}/u.exec(one);
      if (match === null) done.push(one);
      else
        for (const part of (match[1] ?? "").split(","))
          next.push(one.slice(0, match.index) + part + one.slice(match.index + match[0].length));
    }
    if (done.length + next.length > MAX_ALTERNATIVES) return null;
    open = next;
  }
  return done;
};

type Part = ((name: string) => boolean) | "folders";

const compilePath = (glob: string, bare: BareGlob): ((names: readonly string[]) => boolean) => {
  const anchored = glob.replace(/^\.?\/+/, "");
  // What ends in `**` is about what is within a folder, so there has to be something.
  const whole = anchored.replace(/(^|\/)(?:\*\*+)?$/, "$1**/*");
  if (!glob.includes("/") && bare === "name" && whole === anchored) {
    const matches = compileSegment(whole);
    return (names) => matches(names.at(-1) ?? "");
  }
  const parts = whole
    .split(/\/+/)
    .map((segment): Part => (/^\*\*+$/.test(segment) ? "folders" : compileSegment(segment)));
  return (names) => matchParts(parts, names);
};

/** As with stars in a name: only the last `**` is ever taken back. */
const matchParts = (parts: readonly Part[], names: readonly string[]): boolean => {
  let [at, of, backAt, backOf] = [0, 0, -1, 0];
  while (of < names.length) {
    const part = parts[at];
    if (part === "folders") {
      backAt = at;
      backOf = of;
      at += 1;
    } else if (part !== undefined && part(names[of] ?? "")) {
      at += 1;
      of += 1;
    } else if (backAt === -1) return false;
    else {
      at = backAt + 1;
      backOf += 1;
      of = backOf;
    }
  }
  return parts.slice(at).every((part) => part === "folders");
};
