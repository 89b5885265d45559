import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const KnownDifferences = z.array(
  z.strictObject({
    case: z.string(),
    /** What is there and here, in short. */
    dify: z.string(),
    ours: z.string(),
    reason: z.string(),
    /** The words of docs/flows.md that promise the difference, which then does not count among the few. */
    promised: z.string().optional(),
  }),
);
type KnownDifference = z.infer<typeof KnownDifferences>[number];

/** The most cases of a file of records that may differ, each with a reason. */
export const MOST_KNOWN = 0.02;

/** A list of cases that differ for a reason, by their names. */
export const readKnownDifferences = (file: string): ReadonlyMap<string, KnownDifference> => {
  const list = KnownDifferences.parse(parse(readFileSync(new URL(file, import.meta.url), "utf8")));
  return new Map(list.map((one) => [one.case, one]));
};
