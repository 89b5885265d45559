import picomatch from "picomatch";
import { type Reason, reasonOf } from "../base/reason.ts";
import type { EventUser } from "./delivery-event.ts";

/** A list that lets pass and a list that keeps out; an empty `allow` lets everything pass. */
type AllowDeny = { readonly allow: readonly string[]; readonly deny: readonly string[] };

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

/** Users that the operator names as bots, or as none. */
export type KnownBots = {
  readonly ids: readonly number[];
  /** Ids of users that are no bots although they are named like one. */
  readonly notIds: readonly number[];
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

/** Why a merge request is not reviewed; null when it passes. */
export const filterMergeRequest = (facts: FilterFacts, filters: Filters, bots: BotRules): Reason | null =>
  filterBranch("target", facts.targetBranch, filters.targetBranches) ??
  filterBranch("source", facts.sourceBranch, filters.sourceBranches) ??
  filterAuthor(facts.author, filters.authors, bots) ??
  filterLabels(facts.labels, filters.labels) ??
  filterTitle(facts.title, filters.titles) ??
  filterSize(facts.changedFiles, filters.mostFiles);

const filterBranch = (
  side: "target" | "source",
  branch: string,
  { allow, deny }: AllowDeny,
): Reason | null => {
  const matches = (glob: string): boolean => picomatch.isMatch(branch, glob, { dot: true });
  const filtered = (patterns: readonly string[], denied: boolean): Reason =>
    reasonOf(`${side}-branch-filtered`, { branch, patterns, denied });
  const against = deny.find(matches);
  if (against !== undefined) return filtered([against], true);
  return allow.length === 0 || allow.some(matches) ? null : filtered(allow, false);
};

type Author = NonNullable<FilterFacts["author"]>;

const filterAuthor = (author: Author | null, { allow, deny }: AllowDeny, bots: BotRules): Reason | null => {
  if (author === null) return null;
  const name = author.username ?? String(author.id);
  const isAuthor = (entry: string): boolean =>
    entry === String(author.id) ||
    (author.username !== null && stripAt(entry).toLowerCase() === author.username.toLowerCase());
  if (!bots.review && isBotUser(toUser(author), bots)) return reasonOf("author-is-a-bot", { author: name });
  if (deny.some(isAuthor)) return reasonOf("author-filtered", { author: name, denied: true });
  if (allow.length === 0 || allow.some(isAuthor)) return null;
  // A name that is not known yet may be among the names that are allowed.
  if (author.username === null && allow.some((entry) => !/^\d+$/.test(entry))) return null;
  return reasonOf("author-filtered", { author: name, denied: false });
};

const stripAt = (entry: string): string => entry.replace(/^@/, "");

const toUser = (author: Author): EventUser => ({ id: author.id, username: author.username ?? "" });

const filterLabels = (labels: readonly string[], { any, none }: Filters["labels"]): Reason | null => {
  const has = (label: string): boolean => labels.some((one) => one.toLowerCase() === label.toLowerCase());
  const against = none.find(has);
  if (against !== undefined) return reasonOf("label-filtered", { labels: [against], denied: true });
  return any.length === 0 || any.some(has)
    ? null
    : reasonOf("label-filtered", { labels: any, denied: false });
};

const filterTitle = (title: string, { allow, deny }: AllowDeny): Reason | null => {
  const matches = (pattern: string): boolean => compileTitlePattern(pattern)?.(title) ?? false;
  const against = deny.find(matches);
  if (against !== undefined) return reasonOf("title-filtered", { patterns: [against], denied: true });
  return allow.length === 0 || allow.some(matches)
    ? null
    : reasonOf("title-filtered", { patterns: allow, denied: false });
};

const filterSize = (files: number | null, most: number | null): Reason | null =>
  files === null || most === null || files <= most ? null : reasonOf("too-many-files", { files, most });

/**
 * The user names that GitLab itself gives: users of project and group access tokens, service accounts
 * (of a group, a project, or the whole instance) and its own internal users.
 *
 * @see https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
 * @see https://docs.gitlab.com/api/service_accounts/
 * @see https://docs.gitlab.com/administration/internal_users/
 */
const BOT_NAMES: readonly RegExp[] = [
  /^(?:project|group)_\d+_bot(?:_?[0-9a-z]*)$/i,
  /^service_account(?:_(?:group|project)_\d+)?_[0-9a-z]+$/i,
  /^(?:support-bot|alert-bot|visual-review-bot|security-bot|automation-bot|gitlab-security-bot)\d*$/i,
  /^(?:gitlabduo|gitlab-duo|duo-[a-z0-9-]+)$/i,
];

/**
 * Whether a user is a bot: by its id where the operator named it, else by GitLab's own naming. The
 * display name says nothing, since anybody can choose it.
 */
export const isBotUser = (user: EventUser, known: KnownBots): boolean => {
  if (known.notIds.includes(user.id)) return false;
  return known.ids.includes(user.id) || BOT_NAMES.some((name) => name.test(user.username));
};

/**
 * A pattern over titles: `/…/` is a regular expression, any other text is meant as it stands, anywhere in
 * the title. Case is of no matter. Null for a regular expression that is none. It comes from the operator
 * only: a regular expression of a stranger can take for ever.
 */
export const compileTitlePattern = (pattern: string): ((title: string) => boolean) | null => {
  const source = /^\/(.+)\/$/su.exec(pattern)?.[1];
  if (source === undefined) {
    const wanted = pattern.toLowerCase();
    return (title) => title.toLowerCase().includes(wanted);
  }
  try {
    const expression = new RegExp(source, "iu");
    return (title) => expression.test(title);
  } catch {
    return null;
  }
};
