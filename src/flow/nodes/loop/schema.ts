import { z } from "zod";
import { Json } from "../../../base/json.ts";
import { ExactValue, withExactValue } from "../../exact.ts";
import { Condition, LogicalOperator } from "../../conditions/schema.ts";

/** A variable that lives as long as the loop and keeps its value from round to round. */
export const LoopVariable = z.preprocess(
  withExactValue,
  z.object({
    label: z.string(),
    var_type: z.enum([
      "string",
      "number",
      "object",
      "boolean",
      "array[string]",
      "array[number]",
      "array[object]",
      "array[boolean]",
    ]),
    value_type: z.enum(["variable", "constant"]),
    value: Json.nullish().transform((value) => value ?? null),
    exact: ExactValue,
  }),
);
export type LoopVariable = z.infer<typeof LoopVariable>;

/** Data of a loop. */
export const LoopData = z.object({
  start_node_id: z.coerce.string(),
  loop_count: z.coerce.number().int().min(1),
  break_conditions: z
    .array(Condition)
    .nullish()
    .transform((value) => value ?? []),
  logical_operator: LogicalOperator.nullish().transform((value) => value ?? "and"),
  loop_variables: z
    .array(LoopVariable)
    .nullish()
    .transform((value) => value ?? []),
});
export type LoopData = z.infer<typeof LoopData>;
