import { dirname, resolve } from "node:path";
import type { HostRuleConfig } from "./config.ts";
import type { ConfigFile } from "./file-schema.ts";
import { MAX_RULE, type RuleSection } from "./rules-schema.ts";

/** What reading rules needs of the world. */
export type HostRuleOptions = {
  /** The text of a file; throws when there is none. */
  readonly readFile: (path: string) => string;
  /** The configuration file, which the rules' files are near; null for none. */
  readonly file: string | null;
};

/**
 * The rules of the server and of groups, their files read, with what is wrong with them. A group's rule
 * is for all projects within the group, nested groups included.
 */
export const readHostRules = (
  { rules, group_rules: groups }: Pick<ConfigFile, "rules" | "group_rules">,
  options: HostRuleOptions,
): { readonly rules: readonly HostRuleConfig[]; readonly problems: readonly string[] } => {
  const problems: string[] = [];
  const read = (
    section: RuleSection,
    source: string,
    title: string,
    projects: readonly string[] | null,
  ): HostRuleConfig[] => {
    const text = textOf(section, source, options, problems);
    if (text === null) return [];
    return [{ source, title: section.title ?? title, text, projects, paths: section.paths ?? null }];
  };
  const ofServer = rules === null ? [] : read(rules, "rules", "rules", null);
  const ofGroups = groups.flatMap(({ namespace, ...section }, index) =>
    // A project's own name stands behind its namespace.
    read(section, `group_rules[${index}]`, namespace, [`${namespace}/**/*`]),
  );
  return { rules: [...ofServer, ...ofGroups], problems };
};

const textOf = (
  { text, file: path }: RuleSection,
  source: string,
  { readFile, file }: HostRuleOptions,
  problems: string[],
): string | null => {
  if ((text === undefined) === (path === undefined)) {
    problems.push(`${source}: give either text or file`);
    return null;
  }
  if (path === undefined) return text ?? null;
  const near = file === null ? path : resolve(dirname(file), path);
  let read: string;
  try {
    read = readFile(near).trim();
  } catch {
    problems.push(`${source}.file: the file ${near} cannot be read`);
    return null;
  }
  if (read !== "" && read.length <= MAX_RULE) return read;
  problems.push(
    read === ""
      ? `${source}.file: the file ${near} is empty`
      : `${source}.file: the file ${near} has ${read.length} characters; at most ${MAX_RULE} are read`,
  );
  return null;
};
