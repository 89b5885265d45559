import type { AnchoredFinding } from "../finding.ts";
import { isTelling, matterOf } from "./fingerprint.ts";
import type { Matter } from "./fingerprint.ts";
import type { OwnThread } from "./marker.ts";
import { titleSimilarity, titleWords } from "./title-words.ts";

/** A finding that can have a thread, with what it is known by. */
export type PlacedFinding = { readonly found: AnchoredFinding; readonly matter: Matter };

/** Which findings were said before, and what is left over on both sides. */
export type Matching = {
  readonly said: readonly { readonly found: AnchoredFinding; readonly thread: OwnThread }[];
  /** Findings that nothing was said about yet, in the order given. */
  readonly fresh: readonly PlacedFinding[];
  /** Findings that have no place and were not said, in the order given. */
  readonly placeless: readonly AnchoredFinding[];
  /** Threads that no finding belongs to. */
  readonly unmatched: readonly OwnThread[];
};

/** From here on two titles at one place are taken for the same matter in other words. */
const SIMILAR = 0.5;

/**
 * Pairs findings with threads, one to one; among equals the first finding given gets the oldest thread. Of one kin, those with the titles most alike belong
 * together, then the rest in order, whatever they say, where the code is telling; after that those at one place with similar
 * titles, whatever their category. A thread that we ended ourselves does not count for the very same
 * finding: it is back, and that is worth saying. Findings without a place only keep a thread of their
 * file with a similar title from being ended.
 */
export const matchThreads = (
  findings: readonly AnchoredFinding[],
  threads: readonly OwnThread[],
): Matching => {
  const { placed, placeless } = sortOut(findings);
  const isBack = ({ matter }: PlacedFinding, thread: OwnThread) =>
    thread.resolvedByUs && thread.kin === matter.kin;
  const rounds: readonly Scorer[] = [
    ({ matter }, thread) => (thread.kin === matter.kin ? likeness(matter, thread) : null),
    ({ matter, found }, thread) => (thread.kin === matter.kin && isTelling(found) ? 0 : null),
    ({ matter }, thread) => (thread.matter.place === matter.place ? likeness(matter, thread) : null),
  ];
  const state: Pairing = { said: new Map(), taken: new Map() };
  for (const scoreOf of rounds)
    pair(placed, threads, state, (one, thread) => (isBack(one, thread) ? null : scoreOf(one, thread)));
  const later = placeless.map((found) => ({ found, matter: bareMatter(found) }));
  pair(later, threads, state, ({ matter }, thread) =>
    thread.matter.path === matter.path && !thread.resolvedByUs ? likeness(matter, thread) : null,
  );
  return {
    said: [...state.said].map(([found, thread]) => ({ found, thread })),
    fresh: placed.filter(({ found }) => !state.said.has(found)),
    placeless: placeless.filter((found) => !state.said.has(found)),
    unmatched: threads.filter((thread) => !state.taken.has(thread)),
  };
};

/** How well a finding and a thread go together; null when not at all. */
type Scorer = (one: PlacedFinding, thread: OwnThread) => number | null;

/** What was paired so far. It is filled in place: each round takes from what the ones before left. */
type Pairing = {
  readonly said: Map<AnchoredFinding, OwnThread>;
  readonly taken: Map<OwnThread, AnchoredFinding>;
};

const likeness = (matter: Matter, thread: OwnThread): number | null => {
  const similarity = titleSimilarity(matter.words, thread.matter.words);
  return similarity < SIMILAR ? null : similarity;
};

const pair = (
  findings: readonly PlacedFinding[],
  threads: readonly OwnThread[],
  { said, taken }: Pairing,
  scoreOf: Scorer,
): void => {
  const free = threads.filter((thread) => !taken.has(thread));
  const offers = findings
    .filter(({ found }) => !said.has(found))
    .flatMap((one) =>
      free.flatMap((thread) => {
        const score = scoreOf(one, thread);
        return score === null ? [] : [{ found: one.found, thread, score }];
      }),
    );
  // The sort is stable: offers of one score stay in the order of the findings, then of the threads.
  for (const { found, thread } of offers.toSorted((left, right) => right.score - left.score)) {
    if (said.has(found) || taken.has(thread)) continue;
    said.set(found, thread);
    taken.set(thread, found);
  }
};

const sortOut = (findings: readonly AnchoredFinding[]) => {
  const placed: PlacedFinding[] = [];
  const placeless: AnchoredFinding[] = [];
  for (const found of findings) {
    const matter = matterOf(found);
    if (matter === null) placeless.push(found);
    else placed.push({ found, matter });
  }
  return { placed, placeless };
};

const bareMatter = ({ finding }: AnchoredFinding): Matter => ({
  path: finding.path,
  kin: "",
  place: "",
  lines: 0,
  words: titleWords(finding.title),
});
