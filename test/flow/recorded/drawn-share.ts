import { createHash } from "node:crypto";

/** So much of the records stands in the repository; the rest lies beside the checkout. */
const SHARE = 0.3;

const digest = (name: string): string => createHash("sha256").update(name).digest("hex");

/** Those of the names whose records stand in the repository, drawn by their hash. */
export const drawShare = (names: Iterable<string>): ReadonlySet<string> => {
  const ranked = Array.from(names, (name) => [digest(name), name] as const);
  ranked.sort(([one], [other]) => (one < other ? -1 : 1));
  return new Set(ranked.slice(0, Math.floor(ranked.length * SHARE)).map(([, name]) => name));
};
