import type { CandidateKey } from "../../store/shadows/shadow-store.ts";
import type { ReviewFlow } from "../review-flow.ts";

/** A flow with the candidate for its place. */
export type ShadowedFlow = {
  readonly key: CandidateKey;
  /** The share of the merge requests that the candidate reviews, from 0 to 1. */
  readonly share: number;
  /** The flow as it would be with the candidate as its runner; never of the contract `classic`. */
  readonly candidate: ReviewFlow;
};
