import type { FileDiff, Hunk } from "../diff/file-diff.ts";
import type { LinePoint } from "../diff/position.ts";

/** How much a finding matters, the strongest first. */
export const SEVERITIES = ["critical", "major", "minor", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a finding is about. */
export const CATEGORIES = [
  "bug",
  "security",
  "performance",
  "concurrency",
  "error-handling",
  "design",
  "readability",
  "test",
  "documentation",
  "style",
  "other",
] as const;
export type Category = (typeof CATEGORIES)[number];

/** What a flow reports of one place in the code. Lines count from 1. */
export type Finding = {
  readonly path: string;
  /** The side that `line` and `quote` are on; `old` is for removed lines only. */
  readonly side: "new" | "old";
  /** The first line that is meant, null when the flow named none. */
  readonly line: number | null;
  /** The last line that is meant, null for a single line. */
  readonly endLine: number | null;
  /** The code that is meant, as the flow quoted it; null when it quoted none. */
  readonly quote: string | null;
  readonly severity: Severity;
  readonly category: Category;
  /** From 0 to 1; 0.5 when the flow stated none. */
  readonly confidence: number;
  readonly title: string;
  /** Markdown as the model wrote it: untrusted until it is published through the text publisher. */
  readonly body: string;
  /** What is to stand in place of the lines that are meant; the empty text deletes them; null for none. */
  readonly suggestion: string | null;
  /** Whether the flow that was to verify it gave no verdict that could be read. */
  readonly unverified?: true | undefined;
};

/** Where a finding was found to belong: on the lines that are meant, on the file, or in the summary only. */
export type Anchor =
  | {
      readonly kind: "line";
      readonly file: FileDiff;
      readonly hunk: Hunk;
      readonly start: LinePoint;
      readonly end: LinePoint;
      /** The text of the anchored lines, joined by line feeds. */
      readonly code: string;
    }
  | { readonly kind: "file"; readonly file: FileDiff }
  | { readonly kind: "summary" };

/** A finding with its place. Its suggestion applies to exactly the anchored lines, or is null. */
export type AnchoredFinding = { readonly finding: Finding; readonly anchor: Anchor };
