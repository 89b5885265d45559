import { createHash } from "node:crypto";
import MiniSearch from "minisearch";
import type { FolderDocument } from "./read-folder.ts";
import { splitSegments } from "./split-segments.ts";
import type { Scores } from "./fuse-scores.ts";
import type { KnowledgeLimits } from "./knowledge-options.ts";
import { tokenize } from "./tokenize.ts";

/** A segment with its place. */
export type IndexedSegment = {
  /** Stays the same as long as document and content do. */
  readonly id: string;
  readonly documentId: string;
  readonly documentName: string;
  /** Its place in the document, counted from 1. */
  readonly position: number;
  readonly headings: readonly string[];
  readonly content: string;
  /** Of the content; the key of its vector. */
  readonly contentHash: string;
};

/** The searchable state of one dataset; never changed, only replaced. */
export type DatasetIndex = {
  readonly segments: ReadonlyMap<string, IndexedSegment>;
  readonly searchText: (query: string) => Scores;
  /** Whether segments were left out because there are too many. */
  readonly isCut: boolean;
};

const hash = (...parts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);

const segmentsOf = (
  datasetId: string,
  document: FolderDocument,
  maxChars: number,
): readonly IndexedSegment[] => {
  const documentId = hash("document", datasetId, document.name);
  const seen = new Map<string, number>();
  return splitSegments(document.text, maxChars).map(({ headings, content }, index) => {
    const repeat = seen.get(content) ?? 0;
    seen.set(content, repeat + 1);
    return {
      id: hash("segment", documentId, content, String(repeat)),
      documentId,
      documentName: document.name,
      position: index + 1,
      headings,
      content,
      contentHash: hash("content", content),
    };
  });
};

/** The score at which a match counts one half: about what one rare term brings. */
const HALF_SCORE = 4;
/** More terms of a query (a whole diff, say) are not looked at. */
const MAX_QUERY_TERMS = 400;

/**
 * MiniSearch sums BM25+ over the terms and multiplies by how many matched; the sum alone is brought
 * between 0 and 1 by s / (s + 4), which keeps the order, needs no other result to compare with and so
 * gives a threshold the same meaning for every query.
 */
const normalise = (score: number, matchedTerms: number): number => {
  const sum = score / Math.max(1, matchedTerms);
  return sum / (sum + HALF_SCORE);
};

/** Builds the full-text index of a dataset from its documents. */
export const buildIndex = (
  datasetId: string,
  documents: readonly FolderDocument[],
  limits: KnowledgeLimits,
): DatasetIndex => {
  const all = documents.flatMap((document) => segmentsOf(datasetId, document, limits.maxSegmentChars));
  const kept = all.slice(0, limits.maxSegments);
  const search = new MiniSearch<{ id: string; headings: string; content: string; name: string }>({
    fields: ["headings", "content", "name"],
    tokenize,
    processTerm: (term) => term,
  });
  search.addAll(
    kept.map(({ id, headings, content, documentName }) => ({
      id,
      headings: headings.join("\n"),
      content,
      name: documentName.replaceAll(/[-_./]/g, " "),
    })),
  );
  const searchText = (query: string): Scores => {
    const terms = [...new Set(tokenize(query))].slice(0, MAX_QUERY_TERMS);
    if (terms.length === 0) return new Map();
    const found = search.search(terms.join(" "), {
      tokenize: () => terms,
      boost: { headings: 1.5, name: 0.5 },
      prefix: (term) => term.length > 3,
      weights: { prefix: 0.3, fuzzy: 0 },
    });
    return new Map(
      found.map(({ id, score, queryTerms }) => [String(id), normalise(score, queryTerms.length)]),
    );
  };
  return { segments: new Map(kept.map((one) => [one.id, one])), searchText, isCut: all.length > kept.length };
};
