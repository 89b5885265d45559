import type { Fusion } from "./knowledge-options.ts";

/** Scores between 0 and 1 by segment. */
export type Scores = ReadonlyMap<string, number>;

/** A vector brought to length 1, so that the product of two is the cosine of their angle. */
export const toUnitVector = (vector: readonly number[]): Float32Array => {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
};

/** The cosine of the angle between two vectors of length 1; 0 when they do not fit. */
export const cosine = (a: Float32Array, b: Float32Array): number => {
  if (a.length !== b.length) return 0;
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
};

const ranks = (scores: Scores): ReadonlyMap<string, number> =>
  new Map(
    [...scores]
      .filter(([, score]) => score > 0)
      .sort(([idA, a], [idB, b]) => b - a || (idA < idB ? -1 : 1))
      .map(([id], index) => [id, index + 1]),
  );

/**
 * Makes one score between 0 and 1 of the two: the weighted sum, or the sum of 1 / (k + rank) over both
 * lists as a part of the greatest such sum. What neither list has is left out.
 */
export const fuseScores = (text: Scores, vectors: Scores, fusion: Fusion): Scores => {
  const ids = new Set([...text.keys(), ...vectors.keys()]);
  if (fusion.kind === "weighted") {
    const weight = Math.min(1, Math.max(0, fusion.vectorWeight));
    return new Map(
      [...ids].map((id) => [id, weight * (vectors.get(id) ?? 0) + (1 - weight) * (text.get(id) ?? 0)]),
    );
  }
  const lists = [ranks(text), ranks(vectors)];
  const best = lists.length / (fusion.k + 1);
  return new Map(
    [...ids].map((id) => {
      const sum = lists.reduce((total, list) => {
        const rank = list.get(id);
        return rank === undefined ? total : total + 1 / (fusion.k + rank);
      }, 0);
      return [id, sum / best];
    }),
  );
};
