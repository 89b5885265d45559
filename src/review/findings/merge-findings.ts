import { type Anchor, type AnchoredFinding, SEVERITIES } from "../finding.ts";
import { lineKey } from "./quote-lines.ts";
import { type Meaning, isSameMeaning, meaningOf } from "./same-meaning.ts";

/** Passes that mean the same lines name lines at most this far apart. */
const NEAR = 2;
/** Shorter code is found in many places by chance. In signs without white space. */
const TELLING_CODE = 12;
/** How much of the remaining doubt is left when a further pass finds the same. */
const DOUBT_LEFT = 0.8;

type Known = { readonly found: AnchoredFinding; readonly meaning: Meaning };

/**
 * Puts together what several passes or units found alike: in one file, within two lines of each other or
 * on the same code of one hunk, and with the same meaning. Findings of different meaning stay apart, on one
 * line too, and in doubt two stay two. The merged one has the strongest severity, a confidence a little
 * above the highest, and the best suggestion with the place that it applies to. The order is that of the
 * first of each.
 */
export const mergeFindings = (findings: readonly AnchoredFinding[]): readonly AnchoredFinding[] => {
  const groups: Known[][] = [];
  for (const found of findings) {
    const known = { found, meaning: meaningOf(found) };
    // Alike with every one of them: a chain of small differences would lead to something else.
    const group = groups.find((members) => members.every((member) => isDuplicate(member, known)));
    if (group === undefined) groups.push([known]);
    else group.push(known);
  }
  return groups.map((members) => mergeGroup(members.map(({ found }) => found)));
};

const isDuplicate = (left: Known, right: Known): boolean =>
  isSamePlace(left.found, right.found) && isSameMeaning(left.meaning, right.meaning);

const isSamePlace = (left: AnchoredFinding, right: AnchoredFinding): boolean => {
  if (left.finding.path !== right.finding.path) return false;
  const [a, b] = [left.anchor, right.anchor];
  if (a.kind === "summary" || b.kind === "summary")
    return a.kind === b.kind && areNear(left.finding.line, right.finding.line);
  if (a.kind === "file" || b.kind === "file") return a.kind === b.kind;
  const key = lineKey(a.code);
  const isSameCode = key === lineKey(b.code) && key.length >= TELLING_CODE && a.hunk === b.hunk;
  return isSameCode || distance(a, b, "newLine") <= NEAR || distance(a, b, "oldLine") <= NEAR;
};

const areNear = (line: number | null, other: number | null): boolean =>
  line === null || other === null || Math.abs(line - other) <= NEAR;

type OnLines = Extract<Anchor, { readonly code: string }>;

/** How many lines lie from one range to the other on a side; infinite when one has no line there. */
const distance = (a: OnLines, b: OnLines, side: "newLine" | "oldLine"): number => {
  const [from, to] = rangeOf(a, side);
  const [otherFrom, otherTo] = rangeOf(b, side);
  if (from === null || to === null || otherFrom === null || otherTo === null) return Number.POSITIVE_INFINITY;
  return Math.max(from - otherTo, otherFrom - to, 0);
};

const rangeOf = (
  { start, end }: OnLines,
  side: "newLine" | "oldLine",
): readonly [number | null, number | null] => [start[side] ?? end[side], end[side] ?? start[side]];

const mergeGroup = (members: readonly AnchoredFinding[]): AnchoredFinding => {
  const [only, ...others] = members;
  if (only === undefined) throw new RangeError("a group has at least one finding");
  if (others.length === 0) return only;
  const best = members.toSorted(byStrength)[0] ?? only;
  const place = best.finding.suggestion === null ? (members.toSorted(bySuggestion)[0] ?? best) : best;
  const highest = Math.max(...members.map(({ finding }) => finding.confidence));
  return {
    anchor: place.anchor,
    finding: {
      ...best.finding,
      side: place.finding.side,
      line: place.finding.line,
      endLine: place.finding.endLine,
      quote: place.finding.quote,
      suggestion: place.finding.suggestion,
      category: best.finding.category === "other" ? (categoryOf(members) ?? "other") : best.finding.category,
      confidence: Math.max(highest, 1 - (1 - highest) * DOUBT_LEFT ** others.length),
    },
  };
};

const categoryOf = (
  members: readonly AnchoredFinding[],
): AnchoredFinding["finding"]["category"] | undefined =>
  members.map(({ finding }) => finding.category).find((category) => category !== "other");

const KINDS: readonly Anchor["kind"][] = ["line", "file", "summary"];

const byPlace = (a: AnchoredFinding, b: AnchoredFinding): number =>
  KINDS.indexOf(a.anchor.kind) - KINDS.indexOf(b.anchor.kind);

const hasNone = ({ finding }: AnchoredFinding): number => Number(finding.suggestion === null);

const byStrength = (a: AnchoredFinding, b: AnchoredFinding): number =>
  SEVERITIES.indexOf(a.finding.severity) - SEVERITIES.indexOf(b.finding.severity) ||
  byPlace(a, b) ||
  hasNone(a) - hasNone(b) ||
  b.finding.confidence - a.finding.confidence ||
  b.finding.body.length - a.finding.body.length;

const bySuggestion = (a: AnchoredFinding, b: AnchoredFinding): number =>
  hasNone(a) - hasNone(b) || byPlace(a, b) || b.finding.confidence - a.finding.confidence;
