import { createHash } from "node:crypto";
import { z } from "zod";
import type { FileDiff } from "../../diff/file-diff.ts";
import { parseHunks } from "../../diff/parse-hunks.ts";
import type { ChangedFile, Diff, MergeRequest } from "../../review/forge.ts";
import { pathOf } from "../../review/units/hunk-digest.ts";
import type { ReviewHunk, Selection } from "../../review/units/review-unit.ts";
import { selectHunks } from "../../review/units/select-hunks.ts";
import type { FindingsContext } from "./findings-context.ts";

/** The changes of a merge request at one head. */
export type Change = {
  readonly mergeRequest: MergeRequest;
  readonly diff: Diff;
  /** Every changed file; one whose text could not be had has no hunks. */
  readonly files: readonly FileDiff[];
  readonly selection: Selection;
  /** The size of parts that the selection was cut for, see Packing. */
  readonly unitTokens: number;
};

/** Fetches the diff and decides what of it is reviewed. */
export const readChange = async (context: FindingsContext, mergeRequest: MergeRequest): Promise<Change> => {
  const diff = await context.forge.fetchDiff(mergeRequest, context.claim.signal);
  const unitTokens = await unitTokensFor(context);
  const selection = selectFor(context, diff, unitTokens);
  return { mergeRequest, diff, files: diff.files.map(toFileDiff), selection, unitTokens };
};

const SIZE = "unit-tokens";
const Size = z.int().positive();

/**
 * The size that parts have had before, as long as it still fits. Models' counts of tokens make parts grow from one
 * attempt to the next, and a long hunk that is cut elsewhere is another one: it would be reviewed, and paid for, anew.
 */
const unitTokensFor = async ({
  flow: { packing, limits },
  claim: { memory },
}: FindingsContext): Promise<number> => {
  const fit = await packing.fit(limits.unitTokens);
  const before = Size.safeParse(await memory.read(SIZE));
  if (before.success && before.data <= fit) return before.data;
  await memory.write(SIZE, fit);
  return fit;
};

/** What of a diff is reviewed, cut for parts of at most so many tokens. */
export const selectFor = (
  { flow, rules }: Pick<FindingsContext, "flow" | "rules">,
  diff: Diff,
  unitTokens: number,
): Selection => {
  const { hunks, ...others } = selectHunks(diff, { ...flow.paths, repository: rules.paths, unitTokens });
  return { ...others, hunks: hunks.map(underRules(rules)) };
};

/** A hunk under other rules is another one: it is neither remembered nor asked about as the same. */
const underRules =
  ({ digestFor }: FindingsContext["rules"]) =>
  (hunk: ReviewHunk): ReviewHunk => {
    const rules = digestFor(pathOf(hunk.file));
    if (rules === null) return hunk;
    return { ...hunk, digest: createHash("sha256").update(`${hunk.digest} ${rules}`).digest("hex") };
  };

const toFileDiff = ({ oldPath, newPath, change, diff }: ChangedFile): FileDiff => {
  const reading = diff.kind === "text" ? parseHunks(diff.text) : null;
  return { oldPath, newPath, change, hunks: reading?.kind === "hunks" ? reading.hunks : [] };
};
