import { type Reason, reasonOf } from "../base/reason.ts";
import type { ChangedFile } from "./forge.ts";
import type { RememberedHunk } from "./memory/remembered-hunk.ts";
import type { FileReceipt } from "./receipt.ts";
import { pathOf } from "./units/hunk-digest.ts";
import type { ReviewHunk, Selection } from "./units/review-unit.ts";
import { LONGEST_LINE, linesCut } from "./units/shown-hunk.ts";

/** What became of the hunks of a diff, by their digests. */
export type HunkFates = {
  readonly reviewed: ReadonlyMap<string, RememberedHunk>;
  readonly omitted: ReadonlyMap<string, Reason>;
};

/** Accounts for every changed file of a diff, in its order. */
export const buildReceipt = (
  files: readonly ChangedFile[],
  selection: Selection,
  fates: HunkFates,
): readonly FileReceipt[] => {
  const setAside = new Map(selection.setAside.map((receipt) => [receipt.path, receipt]));
  const hunks = Map.groupBy(selection.hunks, ({ file }) => pathOf(file));
  return files.map((file): FileReceipt => {
    const path = pathOf(file);
    const own = hunks.get(path) ?? [];
    const digests = own.map(({ digest }) => digest);
    const left = digests.length === 0 ? setAside.get(path) : undefined;
    if (left !== undefined) return left;
    const accounted = account(path, digests, fates);
    return selection.movedIn.has(path)
      ? inPart(accounted, reasonOf("moved-in"))
      : withoutHidden(accounted, own);
  });
};

/** A file whose lines were not shown to their end was reviewed in part: what stands there nobody saw. */
const withoutHidden = (receipt: FileReceipt, hunks: readonly ReviewHunk[]): FileReceipt => {
  const hidden = hunks.flatMap(({ hunk }) => linesCut(hunk)).filter(({ kind }) => kind !== "context").length;
  if (hidden === 0) return receipt;
  return inPart(receipt, reasonOf("lines-cut", { lines: hidden, column: LONGEST_LINE }));
};

const inPart = ({ path, outcome }: FileReceipt, reason: Reason): FileReceipt => ({
  path,
  outcome: outcome.kind === "reviewed" ? { ...outcome, kind: "partly", reason } : outcome,
});

const UNKNOWN = reasonOf("not-reviewed");

const account = (path: string, digests: readonly string[], { reviewed, omitted }: HunkFates): FileReceipt => {
  const known = digests.flatMap((digest) => reviewed.get(digest) ?? []);
  const missing = digests.filter((digest) => !reviewed.has(digest));
  const newest = known.toSorted((left, right) => right.reviewedAtMs - left.reviewedAtMs)[0];
  const reason = omitted.get(missing[0] ?? "") ?? UNKNOWN;
  if (newest === undefined) return { path, outcome: { kind: "skipped", reason } };
  const sinceSha = newest.headSha;
  return missing.length === 0
    ? { path, outcome: { kind: "reviewed", sinceSha } }
    : { path, outcome: { kind: "partly", sinceSha, reason } };
};

/**
 * Whether everything that is to be said of a path was said, so that a thread there that is not found
 * again is over. A path that the diff no longer holds, or whose text did not change, has nothing to say.
 */
export const coverage = (
  files: readonly ChangedFile[],
  receipt: readonly FileReceipt[],
): ((path: string) => boolean) => {
  const outcomes = new Map(receipt.map(({ path, outcome }) => [path, outcome]));
  return (path) => {
    const file =
      files.find((candidate) => pathOf(candidate) === path) ?? files.find(({ oldPath }) => oldPath === path);
    const outcome = file === undefined ? undefined : outcomes.get(pathOf(file));
    if (outcome === undefined || outcome.kind === "reviewed") return true;
    const { code } = outcome.reason;
    return outcome.kind === "skipped" && (code === "no-text-change" || code === "deleted");
  };
};
