import { createHash } from "node:crypto";
import type { MergeRequestRef } from "../forge.ts";

/**
 * Whether a merge request is among the share that a candidate reviews. The same for every run of it, so
 * that what the candidate remembers is of use, and independent between candidates.
 */
export const isInShare = ({ projectId, iid }: MergeRequestRef, candidate: string, share: number): boolean => {
  const digest = createHash("sha256")
    .update(JSON.stringify([candidate, projectId, iid]))
    .digest();
  return digest.readUInt32BE(0) / 2 ** 32 < share;
};
