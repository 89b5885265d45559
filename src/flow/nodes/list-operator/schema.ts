import { z } from "zod";
import { SelectorPath } from "../selector-path.ts";

/** One filter; `key` names an attribute in a list of files. */
export const FilterCondition = z.object({
  key: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
  comparison_operator: z
    .string()
    .nullish()
    .transform((value) => value ?? "contains"),
  value: z
    .union([z.string(), z.boolean(), z.number().transform(String), z.array(z.string())])
    .nullish()
    .transform((value) => value ?? ""),
});
export type FilterCondition = z.infer<typeof FilterCondition>;

const isEnabled = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

/** Data of a list operator. Its steps run in Dify's order: filter, extract, order, limit. */
export const ListOperatorData = z.object({
  variable: SelectorPath,
  filter_by: z.object({
    enabled: isEnabled,
    conditions: z
      .array(FilterCondition)
      .nullish()
      .transform((value) => value ?? []),
  }),
  order_by: z.object({
    enabled: isEnabled,
    key: z
      .string()
      .nullish()
      .transform((value) => value ?? ""),
    value: z
      .enum(["asc", "desc"])
      .nullish()
      .transform((value) => value ?? "asc"),
  }),
  limit: z.object({
    enabled: isEnabled,
    size: z.coerce
      .number()
      .nullish()
      .transform((value) => value ?? -1),
  }),
  extract_by: z
    .object({ enabled: isEnabled, serial: z.union([z.string(), z.number().transform(String)]).default("1") })
    .nullish(),
});
export type ListOperatorData = z.infer<typeof ListOperatorData>;
