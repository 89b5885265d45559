import type { Reason } from "../base/reason.ts";

/** What became of one changed file in a review. Every file of the diff has exactly one. */
export type FileReceipt = {
  /** The new path, the old one for a deleted file. */
  readonly path: string;
  readonly outcome:
    /** `sinceSha` is the head at which its newest part was looked at. */
    | { readonly kind: "reviewed"; readonly sinceSha: string }
    | { readonly kind: "partly"; readonly sinceSha: string; readonly reason: Reason }
    | { readonly kind: "skipped"; readonly reason: Reason };
};
