import type { Category, Severity } from "../finding.ts";
import type { SkipReason } from "../receipt.ts";
import type { EndedThread, FoldedFinding } from "./review-plan.ts";

/** Everything that the server itself says in a review. Arguments are numbers, or texts already published. */
export type Sentences = {
  readonly severity: Readonly<Record<Severity, string>>;
  readonly category: Readonly<Record<Category, string>>;
  readonly confidence: (percent: number) => string;
  readonly suggested: string;
  readonly nearby: string;
  readonly shortened: string;
  readonly ended: Readonly<Record<EndedThread["why"], (sha: string) => string>>;
  readonly heading: string;
  readonly nothingFound: string;
  readonly counts: (opened: number, kept: number, ended: number, folded: number) => string;
  readonly threads: string;
  readonly threadHead: readonly [string, string, string, string];
  readonly state: Readonly<Record<"new" | "open" | "resolved", string>>;
  readonly more: (count: number) => string;
  readonly folded: (count: number) => string;
  readonly foldedWhy: Readonly<Record<FoldedFinding["why"], string>>;
  readonly receipt: (reviewed: number, partly: number, skipped: number) => string;
  readonly reviewedFile: (sha: string) => string;
  readonly partlyFile: (sha: string, reason: string) => string;
  readonly skippedFile: (reason: string) => string;
  readonly files: (count: number) => string;
  readonly reason: Readonly<Record<SkipReason, string>>;
  readonly rejected: (count: number) => string;
  readonly refuted: (count: number) => string;
  /** `split` is null where only the total is known. */
  readonly cost: (
    tokens: string,
    split: { readonly input: string; readonly output: string } | null,
    price: string | null,
  ) => string;
  readonly commit: (sha: string) => string;
  readonly flow: (name: string) => string;
  readonly status: (findings: number) => string;
};
