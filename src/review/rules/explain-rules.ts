import { collectRules, type RuleNote } from "./collect-rules.ts";
import type { RuleSources } from "./rule.ts";

/**
 * What holds for some files of a project and from where, as lines for a person: the rules that hold in
 * their order, those that do not with the reason, and what in the repository has no effect.
 */
export const explainRules = (
  sources: RuleSources,
  paths: readonly string[],
  budget?: number,
): readonly string[] => {
  const { text, used, dropped, problems } = collectRules(sources, paths, budget);
  const files = paths.length === 1 ? (paths[0] ?? "") : `${paths.length} files`;
  return [
    used.length === 0
      ? `No rules hold for ${files} in ${sources.projectPath}.`
      : `Rules for ${files} in ${sources.projectPath}, ${text.length} characters; the later one counts:`,
    ...used.map((rule, index) => `  ${index + 1}. ${describe(rule)}`),
    ...section("Without effect here:", dropped.map(describe)),
    ...section("Not understood:", problems),
  ];
};

const describe = ({ source, title, why }: RuleNote): string => `${title} (${source}): ${why}`;

const section = (heading: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [heading, ...lines.map((line) => `  - ${line}`)];
