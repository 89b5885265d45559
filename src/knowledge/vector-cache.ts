import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { IndexedSegment } from "./dataset-index.ts";
import { cosine, toUnitVector, type Scores } from "./fuse-scores.ts";
import type { Embed } from "./knowledge-options.ts";

const BATCH = 128;
/** Embedding models cut long texts; a query needs no more than this. */
const MAX_QUERY_CHARS = 8_000;

/** The vectors of what is indexed, in memory, by the hash of the content. */
export type VectorCache = {
  /** Embeds what has no vector yet. A failure is logged and tried again at the next change. */
  readonly fill: (segments: Iterable<IndexedSegment>, signal: AbortSignal) => Promise<void>;
  /** Forgets what is no longer indexed. */
  readonly keepOnly: (segments: Iterable<IndexedSegment>) => void;
  /** Whether all of them have vectors. */
  readonly covers: (segments: Iterable<IndexedSegment>) => boolean;
  /** The query's vector, null when it cannot be had. */
  readonly embedQuery: (query: string, signal: AbortSignal) => Promise<Float32Array | null>;
  /** The cosine of each segment with the query, at least 0. */
  readonly score: (segments: Iterable<IndexedSegment>, query: Float32Array) => Scores;
};

/** An empty cache over an embedding model. */
export const createVectorCache = (embed: Embed, logger: Logger): VectorCache => {
  const vectors = new Map<string, Float32Array>();

  const fill: VectorCache["fill"] = async (segments, signal) => {
    const missing = [
      ...new Map(
        [...segments]
          .filter(({ contentHash }) => !vectors.has(contentHash))
          .map(({ contentHash, content }) => [contentHash, content] as const),
      ),
    ];
    try {
      for (let start = 0; start < missing.length; start += BATCH) {
        const batch = missing.slice(start, start + BATCH);
        const found = await embed(
          batch.map(([, content]) => content),
          signal,
        );
        for (const [index, [key]] of batch.entries()) {
          const vector = found[index];
          if (vector !== undefined) vectors.set(key, toUnitVector(vector));
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ reason: describeError(error) }, "Knowledge cannot be embedded, full text is used alone");
    }
  };

  return {
    fill,
    keepOnly: (segments) => {
      const wanted = new Set([...segments].map(({ contentHash }) => contentHash));
      for (const key of vectors.keys()) if (!wanted.has(key)) vectors.delete(key);
    },
    covers: (segments) => [...segments].every(({ contentHash }) => vectors.has(contentHash)),
    embedQuery: async (query, signal) => {
      try {
        const [vector] = await embed([query.slice(0, MAX_QUERY_CHARS)], signal);
        return vector === undefined ? null : toUnitVector(vector);
      } catch (error) {
        signal.throwIfAborted();
        logger.warn({ reason: describeError(error) }, "Query cannot be embedded, full text is used alone");
        return null;
      }
    },
    score: (segments, query) =>
      new Map(
        [...segments].map(({ id, contentHash }) => {
          const vector = vectors.get(contentHash);
          return [id, vector === undefined ? 0 : Math.max(0, cosine(vector, query))];
        }),
      ),
  };
};
