import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";

/** A dataset of a workflow file and the folder that stands for it. */
export type DatasetFolder = {
  /** The id that the file's knowledge node names. */
  readonly id: string;
  /** Its name, which may be used in place of the id; the id by default. */
  readonly name?: string;
  /** A folder of Markdown and text files, read with all that is below it. */
  readonly folder: string;
};

/** What is read at most. What lies beyond is left out, and the log says so. */
export type KnowledgeLimits = {
  readonly maxFileBytes: number;
  readonly maxFiles: number;
  readonly maxSegments: number;
  /** Characters of a segment; longer sections are cut at paragraphs. */
  readonly maxSegmentChars: number;
};

/** Files of 1 MiB, 5,000 of them, 20,000 segments of 1,500 characters per dataset. */
export const DEFAULT_LIMITS: KnowledgeLimits = {
  maxFileBytes: 1024 * 1024,
  maxFiles: 5_000,
  maxSegments: 20_000,
  maxSegmentChars: 1_500,
};

/** Turns texts to vectors, in order; rejects when it cannot. */
export type Embed = (
  texts: readonly string[],
  signal: AbortSignal,
) => Promise<readonly (readonly number[])[]>;

/**
 * How the scores of full text and of vectors become one: a weighted sum (Dify's default gives the
 * vectors 0.7), or by the two ranks (reciprocal rank fusion).
 */
export type Fusion =
  | { readonly kind: "weighted"; readonly vectorWeight: number }
  | { readonly kind: "reciprocal-rank"; readonly k: number };

/** What the search needs. */
export type KnowledgeOptions = {
  readonly datasets: readonly DatasetFolder[];
  /** Null, the default, searches by full text alone. */
  readonly embed?: Embed | null;
  readonly fusion?: Fusion;
  readonly limits?: Partial<KnowledgeLimits>;
  /** How long a folder must be quiet after a change before it is read again; 200 ms by default. */
  readonly quietMs?: number;
  /** Folders are looked through this often even when no change was reported; a minute by default. */
  readonly rescanMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
};
