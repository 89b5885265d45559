import { type Reason, reasonOf } from "../../base/reason.ts";
import type { FolderEntry, Forge, MergeRequestRef } from "../../review/forge.ts";
import { parseRepositoryConfig, REPOSITORY_CONFIG } from "../../review/rules/parse-repository-config.ts";
import { NO_SETTINGS, type RepositorySettings } from "../../review/rules/repository-settings.ts";
import {
  AGENTS_FILE,
  CONTRIBUTING_FILE,
  MAX_RULE_FILES,
  rulePathsToFetch,
  RULES_FOLDER,
} from "../../review/rules/rule-paths.ts";
import type { RuleFile } from "../../review/rules/rule.ts";

/** What one branch of a repository says about its reviews. */
export type RepositoryRules = {
  readonly settings: RepositorySettings;
  readonly files: readonly RuleFile[];
  /** What in its files has no effect. */
  readonly problems: readonly Reason[];
};

/** What a repository without any rules says. */
export const NO_RULES: RepositoryRules = { settings: NO_SETTINGS, files: [], problems: [] };

/** Where rules are read: a project and a full ref of it. */
export type RulesPlace = { readonly ref: Pick<MergeRequestRef, "projectId">; readonly sha: string };

/** The longest file that is read as rules, and all of them together, in characters. */
const MAX_FILE = 64 * 1024;
const MAX_ALL = 256 * 1024;

/** Files that are on their way at once. */
const AT_ONCE = 5;

/** What may hold rules in the root of a repository. */
const SOURCES: ReadonlySet<string> = new Set([
  REPOSITORY_CONFIG,
  ".reviewflow",
  AGENTS_FILE,
  CONTRIBUTING_FILE,
  ".gitlab",
]);

/** Tells by the listing of a root whether the rules in it can be others than before. */
export const rulesDigest = (root: readonly FolderEntry[]): string =>
  root
    .filter(({ path }) => SOURCES.has(path))
    .map(({ path, mode, id }) => `${path} ${mode} ${id}`)
    .toSorted()
    .join("\n");

/**
 * Reads the settings and rules of a repository whose root was listed. What is wrong with a file is a
 * problem; throws what the forge throws.
 */
export const readRepositoryRules = async (
  forge: Forge,
  place: RulesPlace,
  root: readonly FolderEntry[],
  signal: AbortSignal,
): Promise<RepositoryRules> => {
  const read = (paths: readonly string[]) => readFiles(forge, place, paths, signal);
  const { files: first } = rulePathsToFetch(root, null, null);
  const config = first.includes(REPOSITORY_CONFIG) ? await read([REPOSITORY_CONFIG]) : NOTHING;
  const [{ text } = { text: null }] = config.files;
  const parsed = text === null ? { settings: NO_SETTINGS, problems: [] } : parseRepositoryConfig(text);
  const { ruleFiles } = parsed.settings;
  const { listRules } = rulePathsToFetch(root, null, ruleFiles);
  const folder = { path: RULES_FOLDER, sha: place.sha, recursive: false };
  const listed = listRules ? await forge.listFolder(place.ref, folder, signal) : [];
  const { files: paths, left } = rulePathsToFetch(root, listed, ruleFiles);
  const { files, problems } = await read(paths);
  return {
    settings: parsed.settings,
    files,
    problems: [
      ...config.problems,
      ...parsed.problems,
      ...problems,
      ...(left === 0
        ? []
        : [reasonOf("rules-files-over-limit", { folder: RULES_FOLDER, most: MAX_RULE_FILES, left })]),
    ],
  };
};

type Files = Pick<RepositoryRules, "files" | "problems">;

const NOTHING: Files = { files: [], problems: [] };

const readFiles = async (
  forge: Forge,
  { ref, sha }: RulesPlace,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Files> => {
  const files: RuleFile[] = [];
  const problems: Reason[] = [];
  let room = MAX_ALL;
  for (let start = 0; start < paths.length; start += AT_ONCE) {
    const some = paths.slice(start, start + AT_ONCE);
    const readings = await Promise.all(some.map((path) => forge.fetchFile(ref, { path, sha }, signal)));
    for (const [index, path] of some.entries()) {
      const reading = readings[index] ?? { kind: "missing" };
      // What the listing names and is gone was taken away in between; the rest may be there or not.
      if (reading.kind === "missing") continue;
      if (reading.kind === "binary") problems.push(reasonOf("rules-file-binary", { file: path }));
      else if (reading.kind === "too-large" || reading.text.length > MAX_FILE)
        problems.push(reasonOf("rules-file-too-long", { file: path, most: MAX_FILE }));
      else if (reading.text.length > room)
        problems.push(reasonOf("rules-total-too-long", { file: path, most: MAX_ALL }));
      else {
        files.push({ path, text: reading.text });
        room -= reading.text.length;
      }
    }
  }
  return { files, problems };
};
