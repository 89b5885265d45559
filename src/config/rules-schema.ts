import { z } from "zod";
import { problemCode } from "../base/data-problems.ts";

/** The longest text of one rule, in characters; no review has room for more. */
export const MAX_RULE = 20_000;

const rule = {
  /** The rule in words, or the file that holds them. */
  text: z.string().trim().min(1).max(MAX_RULE).optional(),
  file: z.string().min(1).optional(),
  title: z.string().trim().min(1).max(120).optional(),
  /** Globs of the files that it is about; left out for all. */
  paths: z.array(z.string().min(1)).min(1, problemCode("config.no-path")).optional(),
};

/** The rules of the whole server: a text, or where it is. */
export const RulesSection = z
  .union([
    z
      .string()
      .trim()
      .max(MAX_RULE)
      .transform((text) => (text === "" ? null : { text })),
    z.strictObject(rule),
  ])
  .nullable()
  .default(null);

/** The rules of groups. */
export const GroupRulesSection = z
  .array(
    z.strictObject({
      /** A glob over the paths of groups: what it matches, with everything within. */
      namespace: z
        .string()
        .transform((glob) => glob.replaceAll(/^\/+|\/+$/g, ""))
        .pipe(z.string().min(1, problemCode("config.no-group"))),
      ...rule,
    }),
  )
  .default([]);

/** A rule as the file gives it. */
export type RuleSection = Partial<Pick<z.infer<typeof GroupRulesSection>[number], keyof typeof rule>>;
