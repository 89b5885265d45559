import type { z } from "zod";

/** What is wrong in a value of a file: where, and what, in a person's words. */
export type DataProblem = { readonly field: string; readonly message: string };

/** A value of a file as its schema reads it, or everything that is wrong with it. */
export type ParsedData<Data> =
  | { readonly ok: true; readonly data: Data }
  | { readonly ok: false; readonly problems: readonly DataProblem[] };

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "empty",
};

const wordOf = (type: string): string => TYPE_WORDS[type] ?? type;

/** How a value that does not fit is named: short texts and numbers as they are, others by their type. */
const nameOf = (value: unknown): string => {
  if (value === null) return "null";
  if (typeof value === "string") return value.length > 40 ? "this text" : JSON.stringify(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "an object";
};

type Issue = z.core.$ZodRawIssue | z.core.$ZodIssue;

const ownMessage = (issue: Issue): string | undefined => {
  const { input } = issue;
  if (input === undefined && issue.code !== "custom") return "It is missing.";
  switch (issue.code) {
    case "invalid_type":
      return `It must be ${wordOf(String(issue["expected"]))}, not ${nameOf(input)}.`;
    case "invalid_value": {
      const values = Array.isArray(issue["values"]) ? issue["values"].filter((value) => value !== "") : [];
      return `It must be one of ${values.map(String).join(", ")}; ${nameOf(input)} is not known.`;
    }
    case "too_small":
      return issue["origin"] === "number" || issue["origin"] === "int"
        ? `It must be at least ${String(issue["minimum"])}, not ${nameOf(input)}.`
        : "It is empty.";
    case "too_big":
      return `It must be at most ${String(issue["maximum"])}, not ${nameOf(input)}.`;
    default:
      return undefined;
  }
};

/** Whether a branch of a union fails for the value as a whole, and not for something inside. */
const isWrongKind = (branch: readonly z.core.$ZodIssue[]): boolean =>
  branch.some(({ path, code }) => path.length === 0 && code !== "invalid_union");

const flatten = (issues: readonly z.core.$ZodIssue[], path: readonly PropertyKey[]): readonly DataProblem[] =>
  issues.flatMap((issue): readonly DataProblem[] => {
    const at = [...path, ...issue.path];
    if (issue.code !== "invalid_union") return [{ field: at.map(String).join("."), message: issue.message }];
    const [fitting] = issue.errors
      .filter((branch) => !isWrongKind(branch))
      .toSorted((one, other) => one.length - other.length);
    if (fitting !== undefined) return flatten(fitting, at);
    const field = at.map(String).join(".");
    if (issue.input === undefined) return [{ field, message: "It is missing." }];
    const kinds = issue.errors
      .flat()
      .flatMap((one) => (one.code === "invalid_type" ? wordOf(one.expected) : []));
    const [first] = issue.errors.flat();
    const message =
      kinds.length === 0
        ? (first?.message ?? issue.message)
        : `It must be ${[...new Set(kinds)].join(" or ")}, not ${nameOf(issue.input)}.`;
    return [{ field, message }];
  });

/** Reads a value that a file holds. All problems come at once, by field; a schema's own messages stay as they are. */
export const parseData = <Data>(schema: z.ZodType<Data>, value: unknown): ParsedData<Data> => {
  const parsed = schema.safeParse(value, { reportInput: true, error: ownMessage });
  return parsed.success
    ? { ok: true, data: parsed.data }
    : { ok: false, problems: flatten(parsed.error.issues, []) };
};
