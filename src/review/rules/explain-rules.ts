import type { Translate } from "../../messages/format-message.ts";
import { collectRules, type RuleNote } from "./collect-rules.ts";
import type { RuleSources } from "./rule.ts";

/**
 * What holds for some files of a project and from where, as lines for a person: the rules that hold in
 * their order, those that do not with the reason, and what in the repository has no effect.
 */
export const explainRules = (
  t: Translate,
  sources: RuleSources,
  paths: readonly string[],
  budget?: number,
): readonly string[] => {
  const { text, used, dropped, crowded, problems } = collectRules(sources, paths, budget);
  const place = { project: sources.projectPath, files: paths.length, file: paths[0] ?? "" };
  const describe = ({ source, title, why }: RuleNote): string => `${title} (${source}): ${t.reason(why)}`;
  return [
    used.length === 0 ? t("rules.none", place) : t("rules.heading", { ...place, length: text.length }),
    ...used.map((rule, index) => `  ${index + 1}. ${describe(rule)}`),
    ...section(t("rules.unmatched"), dropped.map(describe)),
    ...section(t("rules.shortened"), crowded.map(t.reason)),
    ...section(t("rules.problems"), problems.map(t.reason)),
  ];
};

/** A heading with its lines; nothing without any. */
export const section = (heading: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [heading, ...lines.map((line) => `  - ${line}`)];
