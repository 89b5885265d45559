import { StoreError } from "../../base/errors.ts";
import type { Journal } from "../../base/journal.ts";
import type { Logger } from "../../base/logger.ts";
import { type RememberedHunk, parseStoredHunk, toStoredHunk } from "../../review/memory/remembered-hunk.ts";
import type { ReviewHunk } from "../../review/units/review-unit.ts";

/** What is known of the hunks of a merge request, by this run and those before it. */
export type HunkMemory = {
  /** Looks up hunks; those that were never reviewed by these flows are left out. */
  readonly recall: (hunks: readonly ReviewHunk[]) => Promise<ReadonlyMap<string, RememberedHunk>>;
  readonly keep: (hunk: ReviewHunk, remembered: Omit<RememberedHunk, "flow">) => Promise<void>;
};

/** Opens the memory for the flows with this digest. */
export const openHunkMemory = (memory: Journal, flowDigest: string, logger: Logger): HunkMemory => {
  const known = new Map<string, RememberedHunk>();
  return {
    recall: async (hunks) => {
      const found = await Promise.all(
        hunks.map(async ({ digest }): Promise<[string, RememberedHunk][]> => {
          const hunk = known.get(digest) ?? parseStoredHunk(await memory.read(keyOf(digest)), flowDigest);
          if (hunk === null) return [];
          known.set(digest, hunk);
          return [[digest, hunk]];
        }),
      );
      return new Map(found.flat());
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
