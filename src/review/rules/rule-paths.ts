import { REPOSITORY_CONFIG } from "./parse-repository-config.ts";
import type { RepositorySettings } from "./repository-settings.ts";

/** The folder of a repository's own rules. */
export const RULES_FOLDER = ".reviewflow/rules";
/** GitLab's file of instructions for its own reviewer. */
export const DUO_FILE = ".gitlab/duo/mr-review-instructions.yaml";
export const AGENTS_FILE = "AGENTS.md";
export const CONTRIBUTING_FILE = "CONTRIBUTING.md";

/** How many files of `.reviewflow/rules` are read at most, by name. */
export const MAX_RULE_FILES = 50;

/** An entry of a listed folder, as GitLab's repository tree gives it. */
export type TreeEntry = {
  /** From the root of the repository. */
  readonly path: string;
  readonly type: "blob" | "tree" | "commit";
  /** git's mode; `120000` is a symbolic link, whose text is no rule. */
  readonly mode: string;
};

/** What has to be read for a repository's rules. */
export type RuleReading = {
  /** Whether `RULES_FOLDER` has to be listed before all files are known. */
  readonly listRules: boolean;
  /** Files to read; one that may turn out to be missing is `DUO_FILE` only. */
  readonly files: readonly string[];
  /** How many files of `RULES_FOLDER` are too many and are not read. */
  readonly left: number;
};

/**
 * Says which files have to be read, given the listing of the target branch's root and, once it was listed,
 * of `RULES_FOLDER` (null before). A repository without any of them costs the listing of its root only.
 * `wanted` are the settings of `.reviewflow.yml`, so that this file is read first where there is one;
 * null before it was read, then it is the only file named.
 */
export const rulePathsToFetch = (
  root: readonly TreeEntry[],
  rules: readonly TreeEntry[] | null,
  wanted: RepositorySettings["ruleFiles"] | null,
): RuleReading => {
  const files = new Set(root.filter(isFile).map(({ path }) => path));
  const folders = new Set(root.filter(({ type }) => type === "tree").map(({ path }) => path));
  if (wanted === null && files.has(REPOSITORY_CONFIG))
    return { listRules: false, files: [REPOSITORY_CONFIG], left: 0 };
  const texts = (rules ?? []).filter((entry) => isFile(entry) && isRuleFile(entry.path));
  const named = texts.map(({ path }) => path).sort(byName);
  return {
    listRules: rules === null && folders.has(".reviewflow"),
    files: [
      ...(wanted?.agents !== false && files.has(AGENTS_FILE) ? [AGENTS_FILE] : []),
      ...(wanted?.contributing === true && files.has(CONTRIBUTING_FILE) ? [CONTRIBUTING_FILE] : []),
      ...(wanted?.duo !== false && folders.has(".gitlab") ? [DUO_FILE] : []),
      ...named.slice(0, MAX_RULE_FILES),
    ],
    left: Math.max(0, named.length - MAX_RULE_FILES),
  };
};

const isFile = ({ type, mode }: TreeEntry): boolean => type === "blob" && mode !== "120000";

/** Whether a path is a rule file right in `RULES_FOLDER`. */
export const isRuleFile = (path: string): boolean =>
  path.startsWith(`${RULES_FOLDER}/`) && /^[^/]+\.md$/i.test(path.slice(RULES_FOLDER.length + 1));

const byName = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
