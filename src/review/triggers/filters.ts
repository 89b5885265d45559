import picomatch from "picomatch";
import type { EventUser } from "../delivery-event.ts";
import { isBotUser, type KnownBots } from "./bot-user.ts";
import { compileTitlePattern } from "./title-pattern.ts";

/** A list that lets pass and a list that keeps out; an empty `allow` lets everything pass. */
export type AllowDeny = { readonly allow: readonly string[]; readonly deny: readonly string[] };

/** Which merge requests are reviewed at all, whatever starts the review. All of it must hold. */
export type Filters = {
  /** Globs; a single star does not cross a slash. */
  readonly targetBranches: AllowDeny;
  readonly sourceBranches: AllowDeny;
  /** User names, or ids written as numbers. */
  readonly authors: AllowDeny;
  readonly labels: {
    /** At least one of these has to be there, when there are any. */
    readonly any: readonly string[];
    readonly none: readonly string[];
  };
  /** See `compileTitlePattern`. */
  readonly titles: AllowDeny;
  /** In changed files, checked where their number is known; null for no limit. */
  readonly mostFiles: number | null;
};

/** Which users are bots, and whether what they open is reviewed. */
export type BotRules = KnownBots & { readonly review: boolean };

const ALL: AllowDeny = { allow: [], deny: [] };

/** Filters that let everything pass. */
export const NO_FILTERS: Filters = {
  targetBranches: ALL,
  sourceBranches: ALL,
  authors: ALL,
  labels: { any: [], none: [] },
  titles: ALL,
  mostFiles: null,
};

/** What filters look at. What is null is not known yet and keeps nothing out. */
export type FilterFacts = {
  readonly targetBranch: string;
  readonly sourceBranch: string;
  readonly title: string;
  readonly labels: readonly string[];
  readonly author: { readonly id: number; readonly username: string | null } | null;
  readonly changedFiles: number | null;
};

/** Why a merge request is not reviewed, as a code and a sentence; null when it passes. */
export const judgeFilters = (facts: FilterFacts, filters: Filters, bots: BotRules): string | null =>
  judgeBranch("target", facts.targetBranch, filters.targetBranches) ??
  judgeBranch("source", facts.sourceBranch, filters.sourceBranches) ??
  judgeAuthor(facts.author, filters.authors, bots) ??
  judgeLabels(facts.labels, filters.labels) ??
  judgeTitle(facts.title, filters.titles) ??
  judgeSize(facts.changedFiles, filters.mostFiles);

const judgeBranch = (
  side: "target" | "source",
  branch: string,
  { allow, deny }: AllowDeny,
): string | null => {
  const matches = (glob: string): boolean => picomatch.isMatch(branch, glob, { dot: true });
  const denied = deny.find(matches);
  if (denied !== undefined)
    return `${side}-branch-filtered: the ${side} branch ${branch} is kept out by ${denied}`;
  if (allow.length === 0 || allow.some(matches)) return null;
  return `${side}-branch-filtered: the ${side} branch ${branch} is none of ${allow.join(", ")}`;
};

type Author = NonNullable<FilterFacts["author"]>;

const judgeAuthor = (author: Author | null, { allow, deny }: AllowDeny, bots: BotRules): string | null => {
  if (author === null) return null;
  const name = author.username ?? `user ${author.id}`;
  const isAuthor = (entry: string): boolean =>
    entry === String(author.id) ||
    (author.username !== null && stripAt(entry).toLowerCase() === author.username.toLowerCase());
  if (!bots.review && isBotUser(toUser(author), bots))
    return `author-is-a-bot: ${name} is a bot, and merge requests of bots are not reviewed here`;
  if (deny.some(isAuthor)) return `author-filtered: merge requests of ${name} are kept out`;
  if (allow.length === 0 || allow.some(isAuthor)) return null;
  // A name that is not known yet may be among the names that are allowed.
  if (author.username === null && allow.some((entry) => !/^\d+$/.test(entry))) return null;
  return `author-filtered: ${name} is not among the authors whose merge requests are reviewed`;
};

const stripAt = (entry: string): string => entry.replace(/^@/, "");

const toUser = (author: Author): EventUser => ({ id: author.id, username: author.username ?? "" });

const judgeLabels = (labels: readonly string[], { any, none }: Filters["labels"]): string | null => {
  const has = (label: string): boolean => labels.some((one) => one.toLowerCase() === label.toLowerCase());
  const against = none.find(has);
  if (against !== undefined) return `label-filtered: the label ${against} keeps reviews away`;
  if (any.length === 0 || any.some(has)) return null;
  return `label-filtered: none of the labels ${any.join(", ")} is set`;
};

const judgeTitle = (title: string, { allow, deny }: AllowDeny): string | null => {
  const matches = (pattern: string): boolean => compileTitlePattern(pattern)?.(title) ?? false;
  const denied = deny.find(matches);
  if (denied !== undefined) return `title-filtered: the title is kept out by ${denied}`;
  if (allow.length === 0 || allow.some(matches)) return null;
  return `title-filtered: the title has none of ${allow.join(", ")}`;
};

const judgeSize = (changedFiles: number | null, mostFiles: number | null): string | null =>
  changedFiles === null || mostFiles === null || changedFiles <= mostFiles
    ? null
    : `too-many-files: ${changedFiles} files changed, and reviews are made of at most ${mostFiles}`;
