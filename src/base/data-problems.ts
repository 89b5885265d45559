import { z } from "zod";
import { readTexts } from "../messages/format-message.ts";
import { FALLBACK } from "../messages/language.ts";
import type { MessageParameters } from "../messages/message-parameters.ts";
import { type Message, type MessageCode, type MessageParam, message } from "../messages/message.ts";

/** What is wrong in a value that somebody wrote into a file, and where. */
export type DataProblem = { readonly path: readonly PropertyKey[]; readonly what: Message };

/** The codes of messages that name nothing. */
type PlainCode = {
  [Code in MessageCode]: [MessageParameters[Code]] extends [null] ? Code : never;
}[MessageCode];

/**
 * What a check of a schema says of a mistake, for zod, which knows texts only: the code goes there as the `error`,
 * and `dataProblems` makes it a message again.
 */
export const problemCode = (code: PlainCode): MessageCode => code;

/** As `problemCode` for a refinement, the only check that takes along what its sentence names. */
export const issueOf = ({
  code,
  params,
}: Message): { readonly error: MessageCode; readonly params: Message["params"] } => ({ error: code, params });

/** As `issueOf`, from within a transform. */
export const refuse = (context: z.RefinementCtx, { code, params }: Message): never => {
  context.addIssue({ code: "custom", message: code, params });
  return z.NEVER;
};

/**
 * What is wrong with `value` by the issues that a schema found: everything at once. What stands at paths that are
 * secret is not quoted.
 */
export const dataProblems = (
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  isSecret: (path: readonly PropertyKey[]) => boolean = () => false,
): readonly DataProblem[] =>
  flatten(
    issues,
    (path) => {
      const found = valueAt(value, path);
      return isSecret(path) && typeof found !== "object" ? (found === undefined ? undefined : HIDDEN) : found;
    },
    [],
  );

/** In place of a secret. */
const HIDDEN = Symbol("secret");

/** What stands at a path. */
type Find = (path: readonly PropertyKey[]) => unknown;

const flatten = (
  issues: readonly z.core.$ZodIssue[],
  find: Find,
  path: readonly PropertyKey[],
): readonly DataProblem[] =>
  issues.flatMap((issue): readonly DataProblem[] => {
    const at = [...path, ...issue.path];
    const found = find(at);
    if (issue.code === "invalid_key") return flatten(issue.issues.slice(0, 1), find, at);
    if (issue.code !== "invalid_union") return [{ path: at, what: describeIssue(issue, found) }];
    if (found === undefined) return [{ path: at, what: message("value.missing") }];
    // The alternative of the right kind says best what is wrong inside.
    const [fitting] = issue.errors
      .filter((branch) => !isWrongKind(branch))
      .toSorted((one, other) => one.length - other.length);
    return fitting === undefined
      ? [{ path: at, what: describeKinds(issue.errors.flat(), found) }]
      : flatten(fitting, find, at);
  });

/** Whether an alternative fails for the value as a whole, and not for something inside. */
const isWrongKind = (branch: readonly z.core.$ZodIssue[]): boolean =>
  branch.some(({ path, code }) => path.length === 0 && (code === "invalid_type" || code === "invalid_value"));

const describeKinds = (issues: readonly z.core.$ZodIssue[], found: unknown): Message => {
  const kinds = [...new Set(issues.flatMap((one) => (one.code === "invalid_type" ? [one.expected] : [])))];
  const [first, ...more] = kinds.map((kind) => message("value.kind", { kind }));
  if (first === undefined)
    return issues[0] === undefined ? message("value.wrong") : describeIssue(issues[0], found);
  const expected = more.reduce((left, right) => message("value.either", { left, right }), first);
  return message("value.not-of-kind", { expected, found: nameOf(found) });
};

const describeIssue = (issue: z.core.$ZodIssue, found: unknown): Message => {
  const own = ownMessage(issue);
  if (own !== null) return own;
  switch (issue.code) {
    case "unrecognized_keys":
      return message("value.unknown-keys", { count: issue.keys.length, keys: issue.keys });
    case "invalid_type":
      return found === undefined
        ? message("value.missing")
        : message("value.not-of-kind", {
            expected: message("value.kind", { kind: issue.expected }),
            found: nameOf(found),
          });
    case "invalid_value":
      return found === undefined
        ? message("value.missing")
        : message("value.not-a-choice", {
            choices: issue.values.filter((value) => value !== "").map(String),
            found: nameOf(found),
          });
    case "too_small":
      return issue.origin === "number" || issue.origin === "int"
        ? message("value.too-small", { least: String(issue.minimum) })
        : message("value.empty");
    case "too_big":
      return issue.origin === "number" || issue.origin === "int"
        ? message("value.too-large", { most: String(issue.maximum) })
        : message("value.too-long", { most: Number(issue.maximum) });
    default:
      return message("value.wrong");
  }
};

/** A schema's own message, with what its sentence names. */
const ownMessage = ({ message: code, ...issue }: z.core.$ZodIssue): Message | null => {
  if (!isCode(code)) return null;
  const given: unknown = "params" in issue ? issue.params : {};
  return { code, params: isParams(given) ? given : {} };
};

const isCode = (text: string): text is MessageCode => readTexts(FALLBACK).has(text);

const isParams = (value: unknown): value is Readonly<Record<string, MessageParam>> =>
  typeof value === "object" && value !== null;

/** How a value that does not fit is named: short texts and numbers as they are, others by their kind. */
const nameOf = (value: unknown): string | Message => {
  if (value === null) return "null";
  if (value === HIDDEN) return message("value.hidden");
  if (typeof value === "string") return value.length > 40 ? message("value.long-text") : `"${value}"`;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return message("value.kind", { kind: Array.isArray(value) ? "array" : "object" });
};

/** What stands in a value at a path; undefined for nothing. */
const valueAt = (value: unknown, [part, ...path]: readonly PropertyKey[]): unknown => {
  if (part === undefined) return value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
  return valueAt(Object.getOwnPropertyDescriptor(value, part)?.value, path);
};

/** A path as people write it: `flows[0].name`. */
export const showPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : `${text}${text === "" ? "" : "."}${String(part)}`,
    "",
  );
