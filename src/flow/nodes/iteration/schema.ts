import { z } from "zod";
import { SelectorPath } from "../selector-path.ts";

/** What an iteration does when one of its rounds fails. */
export const ErrorHandleMode = z.enum(["terminated", "continue-on-error", "remove-abnormal-output"]);
export type ErrorHandleMode = z.infer<typeof ErrorHandleMode>;

/** Data of an iteration. Dify's defaults: one round after another, ten side by side when parallel. */
export const IterationData = z.object({
  start_node_id: z.coerce.string(),
  iterator_selector: SelectorPath,
  output_selector: SelectorPath,
  is_parallel: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  parallel_nums: z.coerce
    .number()
    .int()
    .min(1)
    .nullish()
    .transform((value) => value ?? 10),
  error_handle_mode: ErrorHandleMode.nullish().transform((value) => value ?? "terminated"),
  flatten_output: z
    .boolean()
    .nullish()
    .transform((value) => value ?? true),
});
export type IterationData = z.infer<typeof IterationData>;
