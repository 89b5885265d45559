import { z } from "zod";
import { issueOf, refuse } from "../../base/data-problems.ts";
import { message } from "../../messages/message.ts";
import { CATEGORIES, SEVERITIES } from "../../review/finding.ts";
import type { Expected, LineRange } from "./eval-case.ts";

const LINES = /^\s*(\d{1,9})\s*(?:-\s*(\d{1,9}))?\s*$/;

const toRange = (text: string): LineRange | null => {
  const [, from, to = from] = LINES.exec(text) ?? [];
  if (from === undefined || to === undefined) return null;
  const range = { first: Number(from), last: Number(to) };
  return range.first >= 1 && range.last >= range.first ? range : null;
};

/** Lines as people write them: `12` or `12-15`. */
const Lines = z.union([z.int().transform(String), z.string()]).transform((text, context) => {
  const range = toRange(text);
  return range ?? refuse(context, message("eval.not-lines", { example: "12, 12-15" }));
});

const Text = z.string().trim().min(1);

const ExpectedEntry = z
  .strictObject({
    path: Text.nullish(),
    lines: Lines.nullish(),
    side: z.enum(["new", "old"]).default("new"),
    severity: z.enum(SEVERITIES).nullish(),
    category: z.enum(CATEGORIES).nullish(),
    text: Text,
  })
  .refine(({ path, lines }) => !lines || Boolean(path), issueOf(message("eval.lines-without-path")))
  .transform(({ path, lines, side, severity, category, text }): Expected => ({
    path: path ?? null,
    lines: lines ?? null,
    side,
    severity: severity ?? null,
    category: category ?? null,
    text,
  }));

/** What `case.yml` holds. Unknown keys are refused: in a file that people write they are slips. */
export const CaseFile = z.strictObject({
  title: Text,
  description: z.string().default(""),
  language: Text.nullish().transform((language) => language ?? null),
  /** Where it comes from, for people; not read. */
  source: z.string().nullish(),
  findings: z.array(ExpectedEntry),
});
export type CaseFile = z.infer<typeof CaseFile>;
