import type { AnchoredFinding } from "../finding.ts";

/** What findings are compared by: the parts of their words. */
export type Meaning = {
  readonly title: ReadonlySet<string>;
  readonly all: ReadonlySet<string>;
  /** Words of the title that name something in the code. */
  readonly subjects: ReadonlySet<string>;
  readonly hasBody: boolean;
};

/** Titles that have this much in common say the same by themselves. */
const SAME_TITLE = 0.75;
/** Titles and bodies together need less, as two passes never choose the same words throughout. */
const SAME_TEXT = 0.55;
/** Longer bodies are compared by their beginning. In UTF-16 units. */
const MAX_BODY = 2_000;

const WORDS = new Intl.Segmenter("und", { granularity: "word" });
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}]/u;
const UNSPACED_RUN = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\u30FC]+/gu;
const EMPTY_WORDS = new Set(
  "a an the is are be was of to in on for and or not this that it its as by with from at can could may might should would will if when then you your here there has have no".split(
    " ",
  ),
);
const NEGATIONS = new Set(["not", "no"]);

/** Reads what a finding means, once for all comparisons. */
export const meaningOf = ({ finding, anchor }: AnchoredFinding): Meaning => {
  const code = "code" in anchor ? anchor.code : (finding.quote ?? "");
  const names = new Set([...identifiersIn(code), ...codeSpansIn(finding.title)]);
  const title = partsOf(finding.title);
  const body = partsOf(finding.body.slice(0, MAX_BODY));
  const subjects = new Set(identifiersIn(finding.title).filter((word) => names.has(word)));
  return { title, all: title.union(body), subjects, hasBody: body.size > 0 };
};

/**
 * Whether two findings of one place say the same, by the words that they share (Sørensen–Dice). Words of
 * scripts without spaces count by pairs of signs. Titles that each name something in the code that the other
 * does not name are about different things, however alike they sound.
 */
export const isSameMeaning = (left: Meaning, right: Meaning): boolean => {
  if (differs(left.subjects, right.subjects) && differs(right.subjects, left.subjects)) return false;
  const titles = dice(left.title, right.title);
  if (titles >= SAME_TITLE) return true;
  if (!left.hasBody || !right.hasBody) return false;
  return (titles + dice(left.all, right.all)) / 2 >= SAME_TEXT;
};

const differs = (left: ReadonlySet<string>, right: ReadonlySet<string>): boolean =>
  left.difference(right).size > 0;

const dice = (left: ReadonlySet<string>, right: ReadonlySet<string>): number =>
  left.size + right.size === 0 ? 0 : (2 * left.intersection(right).size) / (left.size + right.size);

const partsOf = (text: string): ReadonlySet<string> => {
  const plain = text.normalize("NFKC").toLowerCase();
  const words = [...WORDS.segment(plain.replace(UNSPACED_RUN, " "))]
    .filter(({ isWordLike }) => isWordLike === true)
    .map(({ segment }) => segment)
    .filter((word) => !EMPTY_WORDS.has(word) || NEGATIONS.has(word));
  const runs = (plain.match(UNSPACED_RUN) ?? []).flatMap(pairsOf);
  return new Set([...words.map(stem), ...runs]);
};

const pairsOf = (run: string): readonly string[] => {
  const signs = Array.from(run);
  return signs.length < 2 ? [run] : signs.slice(1).map((sign, index) => `${signs[index] ?? ""}${sign}`);
};

/** Endings of English that two wordings differ by without meaning anything else. */
const stem = (word: string): string =>
  /^[a-z]{5,}$/.test(word) ? word.replace(/(?:ing|ed|es|s|e)$/, "") : word;

const identifiersIn = (text: string): readonly string[] =>
  (text.normalize("NFKC").match(/[\p{L}_$][\p{L}\p{N}_$]*|\d+/gu) ?? [])
    .filter((word) => !UNSPACED.test(word) && word.length > 0 && !EMPTY_WORDS.has(word.toLowerCase()))
    .filter((word) => !KEYWORDS.has(word));

/** Words of many languages that stand in code and in titles alike and name nothing. */
const KEYWORDS = new Set(
  "if else for while do return const let var function class new null undefined true false None True False async await try catch throw throws finally import export public private static void int string def self end then switch case default loop error null nil".split(
    " ",
  ),
);

const codeSpansIn = (title: string): readonly string[] =>
  [...title.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => identifiersIn(code ?? ""));
