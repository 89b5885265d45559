import { checkGlob, MAX_GLOBS, MAX_PATTERNS, takePatterns } from "./match-paths.ts";

/** Reads values and writes down what is wrong with them; a wrong value counts as one that is not there. */
export type SettingsReader = {
  readonly problems: readonly string[];
  readonly say: (problem: string) => void;
  /** The entries of a map; keys that are not among `known` are problems. */
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
  (typeof name === "string" ? name : "(no text)").replace(/[^\p{L}\p{N} ._/*-]/gu, "?").slice(0, 64);

/** A reader with no problems yet. */
export const createSettingsReader = (): SettingsReader => {
  const problems: string[] = [];
  const say = (problem: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
    else if (problems.length === MAX_PROBLEMS) problems.push("and further problems, which are not listed");
  };
  /** What the value is when it is of the right kind; a value that is not there is no problem. */
  const only = <Value>(
    value: unknown,
    name: string,
    is: (value: unknown) => value is Value,
    wanted: string,
  ): Value | null => {
    if (value === undefined || value === null) return null;
    if (is(value)) return value;
    say(`${name} has to be ${wanted}`);
    return null;
  };
  return {
    problems,
    say,
    map: (value, name, known) => readMap(value, name, known, say),
    text: (value, name, max) =>
      only(
        value,
        name,
        (one): one is string => typeof one === "string" && one.length <= max,
        `a text of at most ${max} characters`,
      ),
    flag: (value, name) =>
      only(value, name, (one): one is boolean => typeof one === "boolean", "true or false"),
    number: (value, name, least, most) =>
      only(
        value,
        name,
        (one): one is number => typeof one === "number" && one >= least && one <= most,
        `a number from ${least} to ${most}`,
      ),
    choice: (value, name, choices) => {
      const found = choices.find((choice) => choice === value);
      if (found === undefined && value !== undefined && value !== null)
        say(`${name} has to be one of ${choices.join(", ")}`);
      return found ?? null;
    },
    globs: (value, name) => readGlobs(value, name, say),
  };
};

const readMap = (
  value: unknown,
  name: string,
  known: readonly string[],
  say: (problem: string) => void,
): ReadonlyMap<string, unknown> => {
  const entries = new Map<string, unknown>();
  if (value === undefined || value === null) return entries;
  if (!(value instanceof Map)) {
    say(`${name === "" ? "the file" : name} has to be a map of keys and values`);
    return entries;
  }
  for (const [key, inner] of new Map<unknown, unknown>(value)) {
    const whole = `${name}${name === "" ? "" : "."}${showName(key)}`;
    if (typeof key === "string" && known.includes(key)) entries.set(key, inner);
    else say(`${whole} is not for a repository to set: it belongs to the host's configuration, if it exists`);
  }
  return entries;
};

const readGlobs = (value: unknown, name: string, say: (problem: string) => void): readonly string[] => {
  if (value === undefined || value === null) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > MAX_GLOBS) say(`${name} has more than ${MAX_GLOBS} globs; the first ones count`);
  const globs = list.slice(0, MAX_GLOBS).flatMap((glob) => {
    const problem = typeof glob === "string" ? checkGlob(glob) : "is no text";
    if (problem === null && typeof glob === "string") return [glob];
    say(`${name}: the glob ${showName(glob)} ${problem}`);
    return [];
  });
  const taken = takePatterns(globs);
  if (taken.length < globs.length)
    say(`${name} stands for more than ${MAX_PATTERNS} globs with all alternatives; the first ones count`);
  return taken;
};
