/** Where a rule comes from, the most general first: this is the order in which rules are merged. */
export const RULE_ORIGINS = ["server", "group", "flow", "repository"] as const;
export type RuleOrigin = (typeof RULE_ORIGINS)[number];

/** A rule for reviews, as text for a model. */
export type Rule = {
  readonly origin: RuleOrigin;
  /** Where to change it: a key of the host's configuration, or a path in the repository. */
  readonly source: string;
  readonly title: string;
  readonly text: string;
  /** Globs of the files that it is about, null for all. */
  readonly paths: readonly string[] | null;
  /** How globs without a slash are meant, see `matchesPaths`. */
  readonly bare: "name" | "path";
  /** Which rules keep their place when there is not room for all: the lower ones. */
  readonly claim: number;
};

/** A rule of the host's configuration. */
export type HostRule = {
  /** The key that sets it; its place in the list when left out. */
  readonly source?: string;
  readonly title: string;
  readonly text: string;
  /** Globs over project paths, such as `group/**`; null for the whole server. */
  readonly projects: readonly string[] | null;
  readonly paths: readonly string[] | null;
};

/** A file of the target branch that holds rules. */
export type RuleFile = { readonly path: string; readonly text: string };

/** Everything that rules for one project are made from. */
export type RuleSources = {
  readonly projectPath: string;
  readonly host: readonly HostRule[];
  /** The rules of the flow that reviews the project. */
  readonly flow?: { readonly name: string; readonly text: string };
  /** `rules` of the repository's `.reviewflow.yml`. */
  readonly repositoryRules: string | null;
  /** The files that `rulePathsToFetch` named, from the target branch. */
  readonly files: readonly RuleFile[];
};
