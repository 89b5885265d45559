import { z } from "zod";
import { SelectorPath } from "../nodes/selector-path.ts";

/** The comparisons that Dify's conditions know. */
export const ComparisonOperator = z.enum([
  "contains",
  "not contains",
  "start with",
  "end with",
  "is",
  "is not",
  "empty",
  "not empty",
  "in",
  "not in",
  "all of",
  "=",
  "≠",
  ">",
  "<",
  "≥",
  "≤",
  "null",
  "not null",
  "exists",
  "not exists",
]);
export type ComparisonOperator = z.infer<typeof ComparisonOperator>;

/** How the conditions of a group are joined. */
export const LogicalOperator = z.enum(["and", "or"]);
export type LogicalOperator = z.infer<typeof LogicalOperator>;

const Expected = z
  .union([z.string(), z.boolean(), z.number().transform(String), z.array(z.string())])
  .nullish()
  .transform((value) => value ?? null);

/** A condition on one attribute of the files of a list. */
export const SubCondition = z.object({
  key: z.string(),
  comparison_operator: ComparisonOperator,
  value: Expected,
});
export type SubCondition = z.infer<typeof SubCondition>;

/** A condition on a variable. */
export const Condition = z.object({
  variable_selector: SelectorPath,
  comparison_operator: ComparisonOperator,
  value: Expected,
  sub_variable_condition: z
    .object({ logical_operator: LogicalOperator, conditions: z.array(SubCondition).default([]) })
    .nullish(),
});
export type Condition = z.infer<typeof Condition>;
