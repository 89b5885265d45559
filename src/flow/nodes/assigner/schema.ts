import { z } from "zod";
import { Json } from "../../../base/json.ts";
import { SelectorPath } from "../selector-path.ts";

/** What the assigner does to a variable. */
export const Operation = z.enum([
  "over-write",
  "clear",
  "append",
  "extend",
  "set",
  "+=",
  "-=",
  "*=",
  "/=",
  "remove-first",
  "remove-last",
]);
export type Operation = z.infer<typeof Operation>;

/** One assignment of the second version; `value` is a selector or a constant, as `input_type` says. */
export const AssignmentItem = z.object({
  variable_selector: SelectorPath,
  input_type: z.enum(["variable", "constant"]),
  operation: Operation,
  value: Json.nullish().transform((value) => value ?? null),
});
export type AssignmentItem = z.infer<typeof AssignmentItem>;

const FirstVersion = z.object({
  assigned_variable_selector: SelectorPath,
  write_mode: z.enum(["over-write", "append", "clear"]),
  input_variable_selector: SelectorPath.nullish().transform((value) => value ?? []),
});

const SecondVersion = z.object({ version: z.string().optional(), items: z.array(AssignmentItem) });

/** Data of an assigner: the second version has `items`, the first a single assignment. */
export const AssignerData = z.union([
  SecondVersion.transform((data) => ({ kind: "second" as const, ...data })),
  FirstVersion.transform((data) => ({ kind: "first" as const, ...data })),
]);
export type AssignerData = z.infer<typeof AssignerData>;
