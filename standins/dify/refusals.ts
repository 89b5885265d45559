/** An answer that is an error of Dify's: `{code, message, status}`. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** A path that Dify has no route for: answered with a page, not with JSON. */
export class UnknownPath extends Error {}

/** What Dify says to an input that does not fit. */
export const invalidParam = (message: string): Refusal => new Refusal(400, "invalid_param", message);

/** What Dify says of something that it does not have. */
export const notFound = (message: string): Refusal => new Refusal(404, "not_found", message);

const pythonText = (value: unknown): string => {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(pythonText).join(", ")}]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([key, item]) => `${pythonText(key)}: ${pythonText(item)}`)
      .join(", ")}}`;
  return JSON.stringify(value);
};

const pythonType = (value: unknown): string => {
  if (value === null || value === undefined) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "str";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  return Array.isArray(value) ? "list" : "dict";
};

/** What is wrong with a field: Pydantic's sentence, its name for the kind of mistake, and the value. */
export type FieldMistake = {
  readonly field: string;
  readonly message: string;
  readonly kind: string;
  readonly value: unknown;
};

/** What Dify says when a request does not fit its Pydantic model. */
export const misfit = (model: string, mistakes: readonly FieldMistake[]): Refusal => {
  const count = `${mistakes.length} validation error${mistakes.length === 1 ? "" : "s"}`;
  const lines = mistakes.map(
    ({ field, message, kind, value }) =>
      `${field}\n  ${message} [type=${kind}, input_value=${pythonText(value)}, input_type=${pythonType(value)}]\n    For further information visit https://errors.pydantic.dev/2.12/v/${kind}`,
  );
  return invalidParam([`${count} for ${model}`, ...lines].join("\n"));
};
