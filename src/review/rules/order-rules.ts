import picomatch from "picomatch";
import { type Reason, reasonOf } from "../../base/reason.ts";
import { REPOSITORY_CONFIG } from "./parse-repository-config.ts";
import { readRuleFile } from "./read-rule-files.ts";
import { countPatterns } from "./match-paths.ts";
import { AGENTS_FILE, CONTRIBUTING_FILE, DUO_FILE } from "./rule-paths.ts";
import type { HostRule, Rule, RuleFile, RuleSources } from "./rule.ts";

/** Every rule for a project in the order in which rules are merged, with what could not be read. */
export type OrderedRules = { readonly rules: readonly Rule[]; readonly problems: readonly Reason[] };

/** The repository's files from the most general to the most particular; the rest are its own rules. */
const FILE_ORDER: readonly string[] = [CONTRIBUTING_FILE, AGENTS_FILE, DUO_FILE];

/**
 * All rules for a project, the most general first, so that a later one can make an earlier one more
 * exact: the server's; those of groups, outer before inner; the flow's; then the repository's
 * `CONTRIBUTING.md`, `AGENTS.md`, instructions for GitLab Duo, `.reviewflow/rules` by name, and `.reviewflow.yml`.
 */
export const orderRules = ({
  projectPath,
  host,
  flow,
  repositoryRules,
  files,
}: RuleSources): OrderedRules => {
  const readings = [...files].sort(byFile).map(readRuleFile);
  const own: readonly Rule[] = repositoryRules === null ? [] : [ownRule(repositoryRules)];
  const ofFlow = flow === undefined ? [] : [flowRule(flow)];
  const all = [...hostRules(host, projectPath), ...ofFlow, ...readings.flatMap(({ rules }) => rules), ...own];
  const bounded = boundPaths(all.filter(({ text }) => text.trim() !== ""));
  return {
    rules: bounded.rules,
    problems: [...bounded.problems, ...readings.flatMap(({ problems }) => problems)],
  };
};

/** How many globs all rules of a repository may stand for: each is matched with every changed file. */
const MAX_RULE_PATTERNS = 300;

const boundPaths = (rules: readonly Rule[]): OrderedRules => {
  let left = MAX_RULE_PATTERNS;
  const dropped = new Set<Rule>();
  for (const rule of rules.filter(({ origin, paths }) => origin === "repository" && paths !== null)) {
    const patterns = (rule.paths ?? []).reduce((sum, glob) => sum + countPatterns(glob), 0);
    if (patterns > left) dropped.add(rule);
    else left -= patterns;
  }
  const [first] = dropped;
  const problems =
    first === undefined
      ? []
      : [
          reasonOf("rules-patterns-over-limit", {
            file: first.source,
            rules: dropped.size,
            most: MAX_RULE_PATTERNS,
          }),
        ];
  return { rules: rules.filter((rule) => !dropped.has(rule)), problems };
};

const flowRule = ({ name, text }: NonNullable<RuleSources["flow"]>): Rule => ({
  origin: "flow",
  source: `flows[${name}].rules`,
  title: name,
  text,
  paths: null,
  bare: "name",
  claim: 10,
});

const ownRule = (text: string): Rule => ({
  origin: "repository",
  source: REPOSITORY_CONFIG,
  title: REPOSITORY_CONFIG,
  text,
  paths: null,
  bare: "name",
  claim: 20,
});

const byFile = (one: RuleFile, other: RuleFile): number => {
  const rank = ({ path }: RuleFile): number => {
    const at = FILE_ORDER.indexOf(path);
    return at === -1 ? FILE_ORDER.length : at;
  };
  return rank(one) - rank(other) || (one.path < other.path ? -1 : one.path > other.path ? 1 : 0);
};

const hostRules = (host: readonly HostRule[], projectPath: string): readonly Rule[] =>
  host
    .map((rule, index) => ({ rule, index, depth: depthOf(rule.projects, projectPath) }))
    .filter(({ depth }) => depth !== null)
    .sort((one, other) => (one.depth ?? 0) - (other.depth ?? 0) || one.index - other.index)
    .map(({ rule, index, depth }) => ({
      origin: depth === -1 ? "server" : "group",
      source: rule.source ?? `rules[${index}]`,
      title: rule.title,
      text: rule.text,
      paths: rule.paths,
      bare: "name",
      claim: depth === -1 ? 0 : 10,
    }));

/**
 * How particular the globs of a host's rule are for a project: -1 for the whole server, else the number of
 * whole names in the most particular glob that matches; null when none does. Case is of no matter, as at
 * GitLab; `group/**` takes in nested groups.
 */
const depthOf = (globs: readonly string[] | null, projectPath: string): number | null => {
  if (globs === null) return -1;
  const depths = globs
    .filter((glob) => picomatch.isMatch(projectPath, glob, { nocase: true, dot: true }))
    .map((glob) => glob.split("/").filter((name) => !/[*?[{]/.test(name)).length || -1);
  return depths.length === 0 ? null : Math.max(...depths);
};
