import { z } from "zod";
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
  if (range !== null) return range;
  context.addIssue({ code: "custom", message: "is a line such as 12, or lines such as 12-15" });
  return z.NEVER;
});

const Text = z.string().trim().min(1, "is empty");

const ExpectedEntry = z
  .strictObject({
    path: Text.nullish(),
    lines: Lines.nullish(),
    side: z.enum(["new", "old"]).default("new"),
    severity: z.enum(SEVERITIES).nullish(),
    category: z.enum(CATEGORIES).nullish(),
    text: Text,
  })
  .refine(({ path, lines }) => !lines || Boolean(path), { message: "has lines but no path" })
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

/** A problem of a case's file in words, with the key that it is about. */
export const describeIssue = ({ path, message }: z.core.$ZodIssue): string => {
  const key = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return key === "" ? message : `${key.replace(/^\./, "")}: ${message}`;
};
