import { CATEGORIES, type Category, SEVERITIES, type Severity } from "../finding.ts";

/**
 * What people made of a finding: a thumb up or down, a resolved thread with or without a change of the code
 * that it was about, a finding that was shown to be wrong, or one that somebody told us to leave alone.
 */
export const OUTCOME_KINDS = [
  "liked",
  "resolved-with-change",
  "disliked",
  "resolved-without-change",
  "withdrawn",
  "ignored",
] as const;
export type OutcomeKind = (typeof OUTCOME_KINDS)[number];

const WELCOME: ReadonlySet<OutcomeKind> = new Set<OutcomeKind>(["liked", "resolved-with-change"]);

/** Whether an outcome speaks for findings of its kind. */
export const isWelcome = (kind: OutcomeKind): boolean => WELCOME.has(kind);

/** Thumbs with the colours of skin that GitLab offers. */
const THUMB = /^(?:thumbs(up|down)|[+](1)|-(1))(?:_tone\d)?$/;

/** The opinion that an emoji stands for, by GitLab's name of it; null for what is no thumb. */
export const thumbOf = (emoji: string): "liked" | "disliked" | null => {
  const [thumb, direction, plus] = THUMB.exec(emoji) ?? [];
  if (thumb === undefined) return null;
  return direction === "up" || plus !== undefined ? "liked" : "disliked";
};

/** What a finding is known by, over all its reviews. */
export type FindingKey = {
  readonly projectId: number;
  readonly iid: number;
  readonly flow: string;
  readonly fingerprint: string;
};

/** A finding that has a thread of its own. */
export type RaisedFinding = FindingKey & {
  readonly path: string;
  readonly category: Category;
  readonly severity: Severity;
  /** As the model wrote it: data, not to be trusted. */
  readonly title: string;
  /** The head at which it was raised. */
  readonly headSha: string;
};

/** What became of a finding through somebody. */
export type Outcome = FindingKey & {
  readonly kind: OutcomeKind;
  /** Who it was; null where the code itself, or nobody that GitLab names, settled it. */
  readonly userId: number | null;
};

/** An outcome with the finding that it is about. */
export type FindingOutcome = {
  readonly kind: OutcomeKind;
  readonly finding: Omit<RaisedFinding, "headSha">;
};

/**
 * What there is one outcome of for each finding: a person's thumb, the way its thread was resolved, and a
 * person's order. A later outcome takes the place of an earlier one, so that a repeat counts once.
 */
export const facetOf = ({ kind, userId }: Pick<Outcome, "kind" | "userId">): string => {
  switch (kind) {
    case "liked":
    case "disliked":
      return `thumb:${userId ?? 0}`;
    case "resolved-with-change":
    case "resolved-without-change":
      return "resolution";
    case "withdrawn":
    case "ignored":
      return `order:${userId ?? 0}`;
    default:
      return kind satisfies never;
  }
};

/** A category as it was stored; `other` for one that is no longer known. */
export const toCategory = (text: string): Category => CATEGORIES.find((one) => one === text) ?? "other";

/** A severity as it was stored; `info` for one that is no longer known. */
export const toSeverity = (text: string): Severity => SEVERITIES.find((one) => one === text) ?? "info";
