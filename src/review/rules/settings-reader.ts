import { type Reason, reasonOf } from "../../base/reason.ts";
import { checkGlob, MAX_GLOBS, MAX_PATTERNS, takePatterns } from "./match-paths.ts";

/** Reads values and writes down what is wrong with them; a wrong value counts as one that is not there. */
export type SettingsReader = {
  readonly problems: readonly Reason[];
  readonly report: (problem: Reason) => void;
  /** The entries of a map, of the whole file without a name; keys that are not among `known` are problems. */
  readonly map: (value: unknown, name: string, known: readonly string[]) => ReadonlyMap<string, unknown>;
  readonly text: (value: unknown, name: string, max: number) => string | null;
  readonly flag: (value: unknown, name: string) => boolean | null;
  readonly number: (value: unknown, name: string, least: number, most: number) => number | null;
  readonly choice: <Choice extends string>(
    value: unknown,
    name: string,
    choices: readonly Choice[],
  ) => Choice | null;
  readonly globs: (value: unknown, name: string) => readonly string[];
};

const MAX_PROBLEMS = 20;

/** A name from a file as it is shown in a problem. */
export const showName = (name: unknown): string =>
  (typeof name === "string" ? name : "?").replace(/[^\p{L}\p{N} ._/*-]/gu, "?").slice(0, 64);

/** A reader of a file, with no problems yet. */
export const createSettingsReader = (file: string): SettingsReader => {
  const problems: Reason[] = [];
  const report = (problem: Reason): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
    else if (problems.length === MAX_PROBLEMS)
      problems.push(reasonOf("rules-problems-over-limit", { file, most: MAX_PROBLEMS }));
  };
  /** What the value is when it is of the right kind; a value that is not there is no problem. */
  const only = <Value>(
    value: unknown,
    is: (value: unknown) => value is Value,
    problem: Reason,
  ): Value | null => {
    if (value === undefined || value === null) return null;
    if (is(value)) return value;
    report(problem);
    return null;
  };
  return {
    problems,
    report,
    map: (value, name, known) => readMap(value, { file, key: name }, known, report),
    text: (value, name, max) =>
      only(
        value,
        (one): one is string => typeof one === "string" && one.length <= max,
        reasonOf("setting-not-text", { file, key: name, most: max }),
      ),
    flag: (value, name) =>
      only(
        value,
        (one): one is boolean => typeof one === "boolean",
        reasonOf("setting-not-flag", { file, key: name }),
      ),
    number: (value, name, least, most) =>
      only(
        value,
        (one): one is number => typeof one === "number" && one >= least && one <= most,
        reasonOf("setting-not-number", { file, key: name, least, most }),
      ),
    choice: (value, name, choices) => {
      const found = choices.find((choice) => choice === value);
      if (found === undefined && value !== undefined && value !== null)
        report(reasonOf("setting-not-choice", { file, key: name, choices }));
      return found ?? null;
    },
    globs: (value, name) => readGlobs(value, { file, key: name }, report),
  };
};

type Place = { readonly file: string; readonly key: string };

const readMap = (
  value: unknown,
  place: Place,
  known: readonly string[],
  report: (problem: Reason) => void,
): ReadonlyMap<string, unknown> => {
  const { file, key: name } = place;
  const entries = new Map<string, unknown>();
  if (value === undefined || value === null) return entries;
  if (!(value instanceof Map)) {
    report(name === "" ? reasonOf("rules-file-not-map", { file }) : reasonOf("setting-not-map", place));
    return entries;
  }
  for (const [key, inner] of new Map<unknown, unknown>(value)) {
    const whole = `${name}${name === "" ? "" : "."}${showName(key)}`;
    if (typeof key === "string" && known.includes(key)) entries.set(key, inner);
    else report(reasonOf("setting-unknown", { file, key: whole }));
  }
  return entries;
};

const readGlobs = (value: unknown, place: Place, report: (problem: Reason) => void): readonly string[] => {
  if (value === undefined || value === null) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > MAX_GLOBS) report(reasonOf("globs-over-limit", { ...place, most: MAX_GLOBS }));
  const globs = list.slice(0, MAX_GLOBS).flatMap((glob) => {
    if (typeof glob !== "string") {
      report(reasonOf("glob-not-text", place));
      return [];
    }
    const problem = checkGlob(glob, { ...place, glob: showName(glob) });
    if (problem === null) return [glob];
    report(problem);
    return [];
  });
  const taken = takePatterns(globs);
  if (taken.length < globs.length) report(reasonOf("globs-expand-too-far", { ...place, most: MAX_PATTERNS }));
  return taken;
};
