import { z } from "zod";
import { SelectorPath } from "../selector-path.ts";

/** The types that a code node may give out. */
const CodeOutputType = z.enum([
  "string",
  "number",
  "object",
  "boolean",
  "array[string]",
  "array[number]",
  "array[object]",
  "array[boolean]",
]);
type CodeOutputType = z.infer<typeof CodeOutputType>;

/** A declared output; `children` are the declared keys of an object or of the objects in a list. */
export type CodeOutput = {
  readonly type: CodeOutputType;
  readonly children?: Readonly<Record<string, CodeOutput>> | null | undefined;
};

/** Declared outputs by name. */
export type CodeOutputs = Readonly<Record<string, CodeOutput>>;

const Output: z.ZodType<CodeOutput> = z.lazy(() =>
  z.object({ type: CodeOutputType, children: z.record(z.string(), Output).nullish() }),
);

/** Data of a code node (Dify's node documentation, "Code"). */
export const CodeData = z.object({
  code_language: z.enum(["python3", "javascript"]),
  code: z.string(),
  variables: z
    .array(z.object({ variable: z.string(), value_selector: SelectorPath }))
    .nullish()
    .transform((variables) => variables ?? []),
  outputs: z
    .record(z.string(), Output)
    .nullish()
    .transform((outputs) => outputs ?? {}),
  dependencies: z.array(z.object({ name: z.string() })).nullish(),
});
export type CodeData = z.infer<typeof CodeData>;
