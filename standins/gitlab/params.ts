import { z } from "zod";
import { ApiError, invalidParameter } from "./answers.ts";

/** The parameters of a request: query, body and nothing of the path. */
export type Params = Readonly<Record<string, unknown>>;

/** An integer, also as text, as Grape coerces it. */
export const Integer = z.union([
  z.number().int(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
]);

/** A boolean, also as text. */
export const Flag = z.union([
  z.boolean(),
  z.enum(["true", "false", "1", "0"]).transform((text) => text === "true" || text === "1"),
]);

/** Text; a number is taken for its digits. */
export const Text = z.union([z.string(), z.number().transform(String)]);

/** A list that may come as an array or separated by commas. */
export const List = z.union([
  z.array(z.string()),
  z.string().transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean),
  ),
]);

const valueAt = (params: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (isRecord(value) ? value[String(key)] : undefined), params);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const nameOf = (path: readonly PropertyKey[]): string =>
  path.map((key, index) => (index === 0 ? String(key) : `[${String(key)}]`)).join("");

/**
 * Parses a request's parameters. A fault answers 400 with Grape's words: `x is missing`, `x does not have a
 * valid value` or `x is invalid`, all faults together.
 */
export const parseParams = <S extends z.ZodType>(schema: S, params: Params): z.output<S> => {
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const value = valueAt(params, issue.path);
    if (value === undefined || value === null) return `${nameOf(issue.path)} is missing`;
    return `${nameOf(issue.path)} ${issue.code === "invalid_value" ? "does not have a valid value" : "is invalid"}`;
  });
  throw invalidParameter([...new Set(faults)].join(", "));
};

/** Sets `a[b][c]` of a form or a query in a nested object. */
const setNested = (target: Record<string, unknown>, name: string, value: string): void => {
  const keys = name.replaceAll("]", "").split("[");
  const last = keys.pop() ?? name;
  let level = target;
  for (const key of keys) {
    const inner = level[key];
    const next: Record<string, unknown> = isRecord(inner) ? inner : {};
    level[key] = next;
    level = next;
  }
  if (last === "") return;
  level[last] = value;
};

const arrayNamed = (target: Record<string, unknown>, name: string, value: string): void => {
  const key = name.slice(0, -2);
  const found: unknown = target[key];
  target[key] = Array.isArray(found) ? [...found.map(String), value] : [value];
};

const addPairs = (target: Record<string, unknown>, pairs: Iterable<readonly [string, string]>): void => {
  for (const [name, value] of pairs) {
    if (name === "__proto__" || name.includes("[__proto__]")) continue;
    if (name.endsWith("[]")) arrayNamed(target, name, value);
    else setNested(target, name, value);
  }
};

/**
 * The query and the body as one object; the body wins.
 * @throws ApiError 400 where a JSON body does not parse, 415 where the type is neither JSON nor a form.
 */
export const readParams = (query: URLSearchParams, contentType: string | undefined, body: Buffer): Params => {
  const params: Record<string, unknown> = {};
  addPairs(params, query);
  if (body.length === 0) return params;
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/x-www-form-urlencoded") {
    addPairs(params, new URLSearchParams(body.toString("utf8")));
    return params;
  }
  if (type !== "application/json") {
    throw new ApiError(415, { error: "The provided content-type is not supported." });
  }
  return { ...params, ...parseBody(body) };
};

const parseBody = (body: Buffer): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return isRecord(value) ? value : {};
  } catch {
    throw new ApiError(400, { error: "There was a problem in the JSON you submitted." });
  }
};
