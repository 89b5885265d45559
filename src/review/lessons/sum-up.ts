import { createHash } from "node:crypto";
import type { Category } from "../finding.ts";
import { titleSimilarity, titleWords } from "../plan/title-words.ts";
import { commonArea } from "./common-area.ts";
import { isWelcome, type FindingOutcome, type OutcomeKind } from "./outcome.ts";

/** What outcomes of one sort of finding come to. */
export type Lesson = {
  /** Stays the same as long as its oldest outcome counts; a maintainer strikes the lesson out by it. */
  readonly key: string;
  readonly welcome: boolean;
  readonly category: Category;
  /** The title of its newest finding; null for a lesson about a whole category. */
  readonly title: string | null;
  /** A glob over the files that it is about. */
  readonly area: string;
  readonly counts: ReadonlyMap<OutcomeKind, number>;
  /** How many findings it rests on. */
  readonly findings: number;
};

/** From here on two titles are taken for the same sort of finding; as for threads. */
const SIMILAR = 0.5;
/** How many times one side must outweigh the other before anything is learnt. */
const MAJORITY = 2;
/** A whole category is judged only by this many times the evidence that one sort of finding needs. */
const CATEGORY_EVIDENCE = 3;
/** A category is no matter of one finding that many people had a word about. */
const CATEGORY_FINDINGS = 3;

type Group = { readonly category: Category; readonly outcomes: readonly FindingOutcome[] };

/**
 * Sums outcomes up to lessons, those with the most evidence first. Pure, and the same for each order of the
 * same outcomes. A lesson needs `least` outcomes and a clear majority. No team can vote away what must be
 * said: of security and of critical findings only a proof that they were wrong counts against them.
 */
export const sumUp = (outcomes: readonly FindingOutcome[], least: number): readonly Lesson[] => {
  const counted = outcomes.filter(counts).toSorted(byAge);
  const bySort = groupBySort(counted);
  const sorts = bySort.flatMap((group) => toLesson(group, least, true));
  const categories = [...Map.groupBy(counted, ({ finding }) => finding.category)]
    .map(([category, own]): Group => ({ category, outcomes: own }))
    .filter(({ outcomes: own }) => countFindings(own) >= CATEGORY_FINDINGS)
    .flatMap((group) => toLesson(group, least * CATEGORY_EVIDENCE, false));
  return [...sorts, ...categories].toSorted(byEvidence);
};

const counts = ({ kind, finding }: FindingOutcome): boolean =>
  isWelcome(kind) || kind === "withdrawn" || !mustBeSaid(finding);

const mustBeSaid = ({ category, severity }: FindingOutcome["finding"]): boolean =>
  category === "security" || severity === "critical";

const compare = (left: string, right: string): number => (left < right ? -1 : Number(left > right));

const nameOf = ({ flow, fingerprint }: FindingOutcome["finding"]): string => `${flow} ${fingerprint}`;

const byAge = (left: FindingOutcome, right: FindingOutcome): number =>
  left.finding.iid - right.finding.iid ||
  compare(nameOf(left.finding), nameOf(right.finding)) ||
  compare(left.kind, right.kind);

/** Each outcome joins the first group of its category whose oldest title is like its own. */
const groupBySort = (outcomes: readonly FindingOutcome[]): readonly Group[] => {
  const groups: { category: Category; words: readonly string[]; outcomes: FindingOutcome[] }[] = [];
  for (const outcome of outcomes) {
    const { category, title } = outcome.finding;
    const words = titleWords(title);
    const like = groups.find(
      (group) => group.category === category && titleSimilarity(group.words, words) >= SIMILAR,
    );
    if (like === undefined) groups.push({ category, words, outcomes: [outcome] });
    else like.outcomes.push(outcome);
  }
  return groups;
};

const countFindings = (outcomes: readonly FindingOutcome[]): number =>
  new Set(outcomes.map(({ finding }) => `${finding.iid} ${nameOf(finding)}`)).size;

const toLesson = ({ category, outcomes }: Group, least: number, hasTitle: boolean): readonly Lesson[] => {
  const [first] = outcomes;
  const last = outcomes.at(-1);
  if (first === undefined || last === undefined || outcomes.length < least) return [];
  const welcome = outcomes.filter(({ kind }) => isWelcome(kind)).length;
  const unwelcome = outcomes.length - welcome;
  if (Math.max(welcome, unwelcome) < MAJORITY * Math.min(welcome, unwelcome)) return [];
  const byKind = Map.groupBy(outcomes, ({ kind }) => kind);
  return [
    {
      key: keyOf(category, hasTitle ? first.finding.title : null),
      welcome: welcome > unwelcome,
      category,
      title: hasTitle ? last.finding.title : null,
      area: commonArea(outcomes.map(({ finding }) => finding.path)),
      counts: new Map([...byKind].map(([kind, own]) => [kind, own.length])),
      findings: countFindings(outcomes),
    },
  ];
};

const keyOf = (category: Category, title: string | null): string =>
  createHash("sha256")
    .update(JSON.stringify([category, title === null ? null : titleWords(title)]))
    .digest("hex")
    .slice(0, 8);

const total = ({ counts: by }: Lesson): number => [...by.values()].reduce((sum, count) => sum + count, 0);

const byEvidence = (left: Lesson, right: Lesson): number =>
  total(right) - total(left) || compare(left.key, right.key);
