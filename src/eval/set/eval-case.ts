import type { Message } from "../../messages/message.ts";
import type { Category, Severity } from "../../review/finding.ts";
import type { ChangedFile } from "../../review/forge.ts";

/** Lines of one side of a file, both ends included, counted from 1. */
export type LineRange = { readonly first: number; readonly last: number };

/** Something that a good review of a case says. */
export type Expected = {
  /** From the root of the repository; null where it is not known, so that only a judge can find it. */
  readonly path: string | null;
  /** The side that the lines are on; `old` is for removed lines only. */
  readonly side: "new" | "old";
  /** Null for something about the file as a whole, and where the lines are not known. */
  readonly lines: LineRange | null;
  readonly severity: Severity | null;
  readonly category: Category | null;
  readonly text: string;
};

/** A recorded merge request with what a good review of it says. */
export type EvalCase = {
  /** The name of its folder; unique in a set. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The programming language, for people who read the report; null where nobody says. */
  readonly language: string | null;
  readonly changes: readonly ChangedFile[];
  /** Added and removed lines. */
  readonly changedLines: number;
  /** Files of the repository as they were before the change, such as rules for reviews, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly expected: readonly Expected[];
};

/** Cases that flows are measured with. */
export type EvalSet = {
  /** The name of its folder. */
  readonly name: string;
  /** By name; never empty. */
  readonly cases: readonly EvalCase[];
  /** What may be a slip, in sentences. */
  readonly notices: readonly Message[];
};
