import { StoreError } from "../../base/errors.ts";
import type { Journal } from "../../base/journal.ts";
import type { Logger } from "../../base/logger.ts";
import { type RememberedHunk, parseStoredHunk, toStoredHunk } from "../../review/memory/remembered-hunk.ts";
import { pathOf } from "../../review/units/hunk-digest.ts";
import type { ReviewHunk } from "../../review/units/review-unit.ts";

/** What is known of the hunks of a merge request, by this run and those before it. */
export type HunkMemory = {
  /** Looks up hunks; those that were never reviewed by these flows are left out. */
  readonly recall: (hunks: readonly ReviewHunk[]) => Promise<ReadonlyMap<string, RememberedHunk>>;
  readonly keep: (hunk: ReviewHunk, remembered: Omit<RememberedHunk, "flow">) => Promise<void>;
};

/** How many look-ups are on their way at once: a large diff must not fill the store's queue. */
const AT_ONCE = 32;

/**
 * Opens the memory for the flows with this digest. `isPassedOver` tells of what was remembered of a path
 * when it is to be looked at anew.
 */
export const openHunkMemory = (
  memory: Journal,
  flowDigest: string,
  logger: Logger,
  isPassedOver: (path: string, reviewedAtMs: number) => boolean = () => false,
): HunkMemory => {
  const known = new Map<string, RememberedHunk>();
  const lookUp = async ({ digest, file }: ReviewHunk): Promise<RememberedHunk | null> => {
    const hunk = known.get(digest) ?? parseStoredHunk(await memory.read(keyOf(digest)), flowDigest);
    if (hunk === null || isPassedOver(pathOf(file), hunk.reviewedAtMs)) return null;
    known.set(digest, hunk);
    return hunk;
  };
  return {
    recall: async (hunks) => {
      const found = new Map<string, RememberedHunk>();
      for (let start = 0; start < hunks.length; start += AT_ONCE) {
        const some = hunks.slice(start, start + AT_ONCE);
        const remembered = await Promise.all(some.map(lookUp));
        for (const [index, { digest }] of some.entries()) {
          const hunk = remembered[index] ?? null;
          if (hunk !== null) found.set(digest, hunk);
        }
      }
      return found;
    },
    keep: async ({ digest }, remembered) => {
      const hunk = { flow: flowDigest, ...remembered };
      known.set(digest, hunk);
      try {
        await memory.write(keyOf(digest), toStoredHunk(hunk));
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== "memory-entry-too-large") throw error;
        logger.warn({ digest, findings: hunk.findings.length }, "Hunk not remembered");
      }
    },
  };
};

const keyOf = (digest: string): string => `hunk:${digest}`;
