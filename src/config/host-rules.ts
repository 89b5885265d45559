import { dirname, resolve } from "node:path";
import { problemAt } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";
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
): { readonly rules: readonly HostRuleConfig[]; readonly problems: readonly Message[] } => {
  const problems: Message[] = [];
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
  problems: Message[],
): string | null => {
  if ((text === undefined) === (path === undefined)) {
    problems.push(problemAt(source, message("config.text-or-file")));
    return null;
  }
  if (path === undefined) return text ?? null;
  const near = file === null ? path : resolve(dirname(file), path);
  let read: string;
  try {
    read = readFile(near).trim();
  } catch {
    problems.push(problemAt(`${source}.file`, message("config.file-unreadable", { file: near })));
    return null;
  }
  if (read !== "" && read.length <= MAX_RULE) return read;
  problems.push(
    problemAt(
      `${source}.file`,
      read === ""
        ? message("config.file-empty", { file: near })
        : message("config.file-too-long", { file: near, length: read.length, most: MAX_RULE }),
    ),
  );
  return null;
};
