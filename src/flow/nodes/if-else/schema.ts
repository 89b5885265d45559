import { z } from "zod";
import { Condition, LogicalOperator } from "../../conditions/schema.ts";

const Case = z.object({
  case_id: z.string(),
  logical_operator: LogicalOperator.nullish().transform((value) => value ?? "and"),
  conditions: z.array(Condition),
});

/** Data of an if-else node; older exports have one unnamed case at the top, which is `true`. */
export const IfElseData = z
  .object({
    cases: z.array(Case).nullish(),
    logical_operator: LogicalOperator.nullish(),
    conditions: z.array(Condition).nullish(),
  })
  .transform((data) => ({
    cases: data.cases ?? [
      {
        case_id: "true",
        logical_operator: data.logical_operator ?? "and",
        conditions: data.conditions ?? [],
      },
    ],
  }));
export type IfElseData = z.infer<typeof IfElseData>;
