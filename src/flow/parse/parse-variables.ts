import type { EnvironmentVariable } from "../flow.ts";
import type { Variable } from "../value-type.ts";
import { parseData } from "../parse-data.ts";
import { fileProblem, fileProblems, type ProblemList } from "./problems.ts";
import { VariableEntry } from "./schema.ts";
import { emptyStatedValue, readStatedValue } from "./stated-value.ts";
import { flowMessage } from "../messages/message.ts";

const readEntries = (
  field: string,
  raw: readonly unknown[],
  problems: ProblemList,
): readonly VariableEntry[] =>
  raw.flatMap((entry, index) => {
    const parsed = parseData(VariableEntry, entry);
    if (parsed.ok) return [parsed.data];
    problems.errors.push(...fileProblems(`${field}.${index}`, parsed.problems));
    return [];
  });

const readVariable = (field: string, entry: VariableEntry, problems: ProblemList): Variable => {
  if (entry.value === null || entry.value === "") return emptyStatedValue(entry.value_type);
  const variable = readStatedValue(entry.value_type, entry.value);
  if (variable !== undefined) return variable;
  problems.errors.push(
    fileProblem(`${field}.${entry.name}`, flowMessage("flow.file.value-type", { type: entry.value_type })),
  );
  return emptyStatedValue(entry.value_type);
};

/** The `env.` variables. Dify blanks secrets when it exports, so theirs come from outside. */
export const parseEnvironment = (
  raw: readonly unknown[],
  problems: ProblemList,
): readonly EnvironmentVariable[] => {
  const field = "workflow.environment_variables";
  return readEntries(field, raw, problems).map((entry) => {
    if (entry.value_type !== "secret") {
      return { name: entry.name, isSecret: false, variable: readVariable(field, entry, problems) };
    }
    if (entry.value !== null && entry.value !== "") {
      problems.warnings.push(fileProblem(`${field}.${entry.name}`, flowMessage("flow.file.secret-value")));
    }
    return { name: entry.name, isSecret: true, variable: null };
  });
};

/** The first values of the `conversation.` variables. */
export const parseConversation = (
  raw: readonly unknown[],
  problems: ProblemList,
): Readonly<Record<string, Variable>> => {
  const field = "workflow.conversation_variables";
  return Object.fromEntries(
    readEntries(field, raw, problems).map((entry) => [entry.name, readVariable(field, entry, problems)]),
  );
};
