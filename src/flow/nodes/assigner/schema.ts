import { z } from "zod";
import { Json } from "../../../base/json.ts";
import { ExactValue, withExactValue } from "../../exact.ts";
import { addProblems, parseData } from "../../parse-data.ts";
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
export const AssignmentItem = z.preprocess(
  withExactValue,
  z.object({
    variable_selector: SelectorPath,
    input_type: z.enum(["variable", "constant"]),
    operation: Operation,
    value: Json.nullish().transform((value) => value ?? null),
    exact: ExactValue,
  }),
);
export type AssignmentItem = z.infer<typeof AssignmentItem>;

const FirstVersion = z.object({
  assigned_variable_selector: SelectorPath,
  write_mode: z.enum(["over-write", "append", "clear"]),
  input_variable_selector: SelectorPath,
});

const SecondVersion = z.object({ items: z.array(AssignmentItem) });

/** Data of an assigner: the second version has `items`, the first a single assignment. */
export type AssignerData =
  | ({ readonly kind: "second" } & z.infer<typeof SecondVersion>)
  | ({ readonly kind: "first" } & z.infer<typeof FirstVersion>);

const isSecond = (data: Readonly<Record<string, unknown>>): boolean =>
  "items" in data || String(data["version"]) === "2";

/** Reads the version that the data are of, so that a mistake is one of that version. */
export const AssignerData: z.ZodType<AssignerData> = z
  .record(z.string(), z.unknown())
  .transform((data, context): AssignerData => {
    if (isSecond(data)) {
      const parsed = parseData(SecondVersion, data);
      if (parsed.ok) return { kind: "second", ...parsed.data };
      addProblems(context, parsed.problems);
      return z.NEVER;
    }
    const parsed = parseData(FirstVersion, data);
    if (parsed.ok) return { kind: "first", ...parsed.data };
    addProblems(context, parsed.problems);
    return z.NEVER;
  });
