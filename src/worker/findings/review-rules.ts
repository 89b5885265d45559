import type { Reason } from "../../base/reason.ts";
import { createHash } from "node:crypto";
import { applySettings } from "../../review/rules/apply-settings.ts";
import { collectOrdered } from "../../review/rules/collect-rules.ts";
import { matchesPaths } from "../../review/rules/match-paths.ts";
import { orderRules } from "../../review/rules/order-rules.ts";
import { NO_SETTINGS, type RepositorySettings } from "../../review/rules/repository-settings.ts";
import type { Rule } from "../../review/rules/rule.ts";
import type { FindingsFlow } from "./findings-flow.ts";
import type { TeamRulesReading } from "./team-rules.ts";

/** What holds in one review besides the flow. */
export type ReviewRules = {
  /** The flow with what the repository sets. */
  readonly flow: FindingsFlow;
  /** What the repository sets, as far as it can be read. */
  readonly settings: RepositorySettings;
  /** Globs that the repository adds. */
  readonly paths: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  /** The rules that hold for any of these files, as text for the model. */
  readonly textFor: (paths: readonly string[]) => string;
  /**
   * Changes with what the team says about a file besides the flow's own words; null when that is nothing.
   * Rules for other files are not in it.
   */
  readonly digestFor: (path: string) => string | null;
  /** What of the rules has no effect, given every changed file. */
  readonly noticesFor: (paths: readonly string[]) => readonly Reason[];
  /** Why the review went on without rules that there may be; null when they could be read. */
  readonly failure: Reason | null;
};

/** The rules of a review where nobody but the flow says anything. */
export const flowRules = (flow: FindingsFlow): ReviewRules => ({
  flow,
  settings: NO_SETTINGS,
  paths: { include: [], exclude: [] },
  textFor: () => flow.rules,
  digestFor: () => null,
  noticesFor: () => [],
  failure: null,
});

/** The rules of a review by what the team says. `language` is the flow's when nobody asked for another. */
export const reviewRules = (
  flow: FindingsFlow,
  { settings, sources, problems, failure }: TeamRulesReading,
  language: string,
): ReviewRules => {
  // Whoever asks for a review in a language gets it.
  const isAsked = flow.language !== language;
  const applied = applySettings(
    { ...flow, paths: { include: [], exclude: [] }, threads: flow.limits.threads },
    isAsked ? { ...settings, language: null } : settings,
  );
  const ordered = orderRules(sources);
  const matchers = ordered.rules.map(({ paths, bare }) =>
    paths === null ? () => true : matchesPaths(paths, bare),
  );
  const holding = (path: string): readonly Rule[] => ordered.rules.filter((_, at) => matchers[at]?.(path));
  const holdAmong = (paths: readonly string[]): string =>
    matchers.flatMap((matches, at) => (paths.some(matches) ? [at] : [])).join(" ");
  const ruled: FindingsFlow = {
    ...flow,
    language: applied.language,
    least: applied.least,
    limits: { ...flow.limits, threads: applied.threads },
  };
  const ownLanguage = applied.language === flow.language ? null : applied.language;
  return {
    flow: ruled,
    settings,
    paths: applied.paths,
    textFor: rememberBy(holdAmong, (paths) => collectOrdered(ordered, paths).text, 50),
    digestFor: rememberBy(
      (path: string) => path,
      (path) => digestOf(holding(path), ownLanguage),
      5_000,
    ),
    noticesFor: (paths) => [...problems, ...ordered.problems, ...collectOrdered(ordered, paths).crowded],
    failure,
  };
};

/** The flow's own rules are in the digest of the flow. */
const digestOf = (rules: readonly Rule[], language: string | null): string | null => {
  const said = rules
    .filter(({ origin }) => origin !== "flow")
    .map(({ origin, title, text }) => [origin, title, text]);
  if (said.length === 0 && language === null) return null;
  return createHash("sha256")
    .update(JSON.stringify([said, language]))
    .digest("hex");
};

const rememberBy = <Given, Value>(
  keyOf: (given: Given) => string,
  make: (given: Given) => Value,
  most: number,
): ((given: Given) => Value) => {
  const known = new Map<string, { readonly value: Value }>();
  return (given) => {
    const key = keyOf(given);
    const found = known.get(key) ?? { value: make(given) };
    if (known.size >= most) known.clear();
    known.set(key, found);
    return found.value;
  };
};
