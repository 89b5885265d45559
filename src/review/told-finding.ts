import { z } from "zod";
import { CATEGORIES, SEVERITIES } from "./finding.ts";

/** What is kept of a finding for people to look at: where it is and what it says. */
export const ToldFinding = z.object({
  path: z.string(),
  side: z.enum(["new", "old"]),
  /** Both null for a finding about a file or the change as a whole. */
  line: z.number().nullable(),
  endLine: z.number().nullable(),
  severity: z.enum(SEVERITIES),
  category: z.enum(CATEGORIES),
  confidence: z.number(),
  title: z.string(),
  body: z.string(),
});
