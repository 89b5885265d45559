import { z } from "zod";
import { type FlowMessage, type FlowMessageCode, flowMessage } from "./messages/message.ts";
import type { FlowMessageParameters } from "./messages/message-parameters.ts";

/** What is wrong in a value of a file, and where. */
export type DataProblem = { readonly field: string; readonly message: FlowMessage };

/** A value of a file as its schema reads it, or everything that is wrong with it. */
export type ParsedData<Data> =
  | { readonly ok: true; readonly data: Data }
  | { readonly ok: false; readonly problems: readonly DataProblem[] };

/** The codes of messages that name nothing. */
type PlainCode = {
  [Code in FlowMessageCode]: [FlowMessageParameters[Code]] extends [null] ? Code : never;
}[FlowMessageCode];

const OwnMessage = z.object({ problem: z.custom<FlowMessage>((value) => typeof value === "object") });

/** What a refinement of a schema says of a mistake, for zod, which would take a text only. */
export const problemOf = (code: PlainCode) => ({ params: { problem: flowMessage(code) } });

/** Adds what is wrong inside of a value that a transform reads by itself. */
export const addProblems = (context: z.RefinementCtx, problems: readonly DataProblem[]): void => {
  for (const { field, message: problem } of problems)
    context.addIssue({ code: "custom", path: field.split("."), params: { problem } });
};

const kindOf = (kind: string): FlowMessage => flowMessage("flow.value.kind", { kind });

/** How a value that does not fit is named: short texts and numbers as they are, others by their type. */
const nameOf = (value: unknown): string | FlowMessage => {
  if (value === null) return "null";
  if (typeof value === "string")
    return value.length > 40 ? flowMessage("flow.value.long-text") : JSON.stringify(value);
  if (Array.isArray(value)) return kindOf("array");
  return typeof value === "number" || typeof value === "boolean" ? String(value) : kindOf("object");
};

const describeIssue = (issue: z.core.$ZodIssue): FlowMessage => {
  const own = issue.code === "custom" ? OwnMessage.safeParse(issue.params).data : undefined;
  if (own !== undefined) return own.problem;
  if (issue.input === undefined && issue.code !== "custom") return flowMessage("flow.value.missing");
  const found = nameOf(issue.input);
  switch (issue.code) {
    case "invalid_type":
      return flowMessage("flow.value.not-of-kind", { expected: kindOf(issue.expected), found });
    case "invalid_value": {
      const choices = issue.values
        .filter((value) => value !== "")
        .map(String)
        .join(" | ");
      return flowMessage("flow.value.not-a-choice", { choices, found });
    }
    case "too_small":
      return issue.origin === "number" || issue.origin === "int"
        ? flowMessage("flow.value.too-small", { least: String(issue.minimum), found })
        : flowMessage("flow.value.empty");
    case "too_big":
      return flowMessage("flow.value.too-large", { most: String(issue.maximum), found });
    default:
      return flowMessage("flow.value.wrong");
  }
};

/** Whether a branch of a union fails for the value as a whole, and not for something inside. */
const isWrongKind = (branch: readonly z.core.$ZodIssue[]): boolean =>
  branch.some(({ path, code }) => path.length === 0 && code !== "invalid_union");

const describeKinds = (issues: readonly z.core.$ZodIssue[], found: unknown): FlowMessage => {
  const kinds = [...new Set(issues.flatMap((one) => (one.code === "invalid_type" ? [one.expected] : [])))];
  const [first, ...more] = kinds.map(kindOf);
  if (first === undefined)
    return issues[0] === undefined ? flowMessage("flow.value.wrong") : describeIssue(issues[0]);
  const expected = more.reduce((left, right) => flowMessage("flow.value.either", { left, right }), first);
  return flowMessage("flow.value.not-of-kind", { expected, found: nameOf(found) });
};

const flatten = (issues: readonly z.core.$ZodIssue[], path: readonly PropertyKey[]): readonly DataProblem[] =>
  issues.flatMap((issue): readonly DataProblem[] => {
    const at = [...path, ...issue.path];
    const field = at.map(String).join(".");
    if (issue.code !== "invalid_union") return [{ field, message: describeIssue(issue) }];
    const [fitting] = issue.errors
      .filter((branch) => !isWrongKind(branch))
      .toSorted((one, other) => one.length - other.length);
    if (fitting !== undefined) return flatten(fitting, at);
    if (issue.input === undefined) return [{ field, message: flowMessage("flow.value.missing") }];
    return [{ field, message: describeKinds(issue.errors.flat(), issue.input) }];
  });

/** Reads a value that a file holds. All problems come at once, by field. */
export const parseData = <Data>(schema: z.ZodType<Data>, value: unknown): ParsedData<Data> => {
  const parsed = schema.safeParse(value, { reportInput: true });
  return parsed.success
    ? { ok: true, data: parsed.data }
    : { ok: false, problems: flatten(parsed.error.issues, []) };
};
