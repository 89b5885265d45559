import { z } from "zod";

/** The parts of a JSON schema that a table of settings shows. */
type Shape = {
  readonly type?: string | readonly string[] | undefined;
  /** Our own word for the kind of a text, where the schema has one. */
  readonly takes?: string | undefined;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly properties?: Readonly<Record<string, Shape>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: Shape | undefined;
  readonly additionalProperties?: boolean | Shape | undefined;
  readonly anyOf?: readonly Shape[] | undefined;
};

const Shape: z.ZodType<Shape> = z.lazy(() =>
  z.object({
    type: z.union([z.string(), z.array(z.string())]).optional(),
    takes: z.string().optional(),
    default: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    properties: z.record(z.string(), Shape).optional(),
    required: z.array(z.string()).optional(),
    items: Shape.optional(),
    additionalProperties: z.union([z.boolean(), Shape]).optional(),
    anyOf: z.array(Shape).optional(),
  }),
);

/** A setting as a table shows it. */
export type Setting = {
  /** The key, with `[]` for each of a list and `.NAME` for names of the reader's own. */
  readonly path: string;
  /** What it takes, in words. */
  readonly takes: string;
  /** Its default as YAML would have it; null where there is none. */
  readonly fallback: string | null;
  readonly required: boolean;
};

/** Every setting of a schema that has no settings of its own below it, in the schema's order. */
export const describeSchema = (schema: z.ZodType): readonly Setting[] =>
  leavesOf(Shape.parse(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" })), "", false);

const leavesOf = (shape: Shape, path: string, required: boolean): readonly Setting[] => {
  const choices = withoutNull(shape);
  const inner = choices.flatMap((choice) => innerOf(choice, path));
  if (inner.length > 0) {
    const plain = choices.filter((choice) => innerOf(choice, path).length === 0);
    const self = plain.length === 0 ? [] : [leafOf({ ...shape, anyOf: plain }, path, required)];
    return [...self, ...inner];
  }
  return [leafOf(shape, path, required)];
};

const innerOf = (shape: Shape, path: string): readonly Setting[] => {
  if (shape.properties !== undefined)
    return Object.entries(shape.properties).flatMap(([name, value]) =>
      leavesOf(value, path === "" ? name : `${path}.${name}`, shape.required?.includes(name) ?? false),
    );
  if (shape.items !== undefined) {
    const items = withoutNull(shape.items).flatMap((choice) => innerOf(choice, `${path}[]`));
    return items;
  }
  if (typeof shape.additionalProperties === "object")
    return withoutNull(shape.additionalProperties).flatMap((choice) => innerOf(choice, `${path}.NAME`));
  return [];
};

const withoutNull = (shape: Shape): readonly Shape[] =>
  (shape.anyOf ?? [shape])
    .flatMap((one) => (one.anyOf === undefined ? [one] : withoutNull(one)))
    .filter(({ type }) => type !== "null");

const leafOf = (shape: Shape, path: string, required: boolean): Setting => ({
  path,
  takes: [...new Set(withoutNull(shape).map(wordsFor))].join(" or "),
  fallback:
    shape.default === undefined || isEmptyObject(shape.default) ? null : JSON.stringify(shape.default),
  required: required && shape.default === undefined,
});

const isEmptyObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

const wordsFor = (shape: Shape): string => {
  if (shape.takes !== undefined) return shape.takes;
  if (shape.enum !== undefined) return shape.enum.map((one) => `\`${String(one)}\``).join(", ");
  if (shape.const !== undefined) return `\`${JSON.stringify(shape.const)}\``;
  const type =
    typeof shape.type === "string" ? shape.type : shape.type?.find((one: string) => one !== "null");
  if (type === "array") return `list of ${shape.items === undefined ? "values" : wordsForItems(shape.items)}`;
  if (type === "integer" || type === "number")
    return `${type === "integer" ? "whole number" : "number"}${rangeOf(shape)}`;
  if (type === "boolean") return "true or false";
  if (type === "object") return "keys and values of your own";
  return type === "string" ? "text" : "any value";
};

const wordsForItems = (items: Shape): string =>
  withoutNull(items)
    .map((item) =>
      item.type === "object"
        ? "entries"
        : `${wordsFor(item)}s`.replace(/`s$/, "`").replace("addresss", "addresses"),
    )
    .join(" or ");

/** Bounds that the schema sets; those that only say what a number can be are no news. */
const rangeOf = ({ minimum, maximum }: Shape): string => {
  const least = minimum !== undefined && minimum > -Number.MAX_SAFE_INTEGER ? minimum : undefined;
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (least !== undefined && most !== undefined) return `, ${least} to ${most}`;
  if (least !== undefined) return `, ${least} or more`;
  return most === undefined ? "" : `, at most ${most}`;
};
