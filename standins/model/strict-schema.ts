import { z } from "zod";

const Node = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  minimum: z.number().optional(),
});

/**
 * What OpenAI refuses in a schema under `strict: true`: an object that does not forbid additional
 * properties, or a property that is not required. Null when the schema passes.
 */
export const findSchemaProblem = (schema: unknown, path = "()"): string | null => {
  const parsed = Node.safeParse(schema);
  if (!parsed.success) return `In context=${path}, schema must be an object.`;
  const node = parsed.data;
  if (node.type === "object" || node.properties !== undefined) {
    if (node.additionalProperties !== false) {
      return `In context=${path}, 'additionalProperties' is required to be supplied and to be false.`;
    }
    const missing = Object.keys(node.properties ?? {}).find((key) => !node.required?.includes(key));
    if (missing !== undefined) {
      return `In context=${path}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`;
    }
  }
  const children = [
    ...Object.entries(node.properties ?? {}),
    ...(node.items === undefined ? [] : [["items", node.items] as const]),
    ...(node.anyOf ?? []).map((child, index) => [`anyOf.${index}`, child] as const),
  ];
  return (
    children
      .map(([key, child]) => findSchemaProblem(child, `${path}.${key}`))
      .find((problem) => problem !== null) ?? null
  );
};

/**
 * The plainest value that a schema allows, with `text` wherever a string is free: what the scripted
 * model answers when an answer by schema is asked of it.
 */
export const sampleFromSchema = (schema: unknown, text: string): unknown => {
  const parsed = Node.safeParse(schema);
  if (!parsed.success) return text;
  const node = parsed.data;
  if (node.const !== undefined) return node.const;
  if (node.enum !== undefined) return node.enum[0];
  if (node.anyOf !== undefined) return sampleFromSchema(node.anyOf[0], text);
  const type = Array.isArray(node.type) ? node.type[0] : node.type;
  if (type === "object" || (type === undefined && node.properties !== undefined)) {
    return Object.fromEntries(
      Object.entries(node.properties ?? {}).map(([key, child]) => [key, sampleFromSchema(child, text)]),
    );
  }
  if (type === "array") return [];
  if (type === "integer" || type === "number") return node.minimum ?? 0;
  if (type === "boolean") return false;
  return type === "null" ? null : text;
};
