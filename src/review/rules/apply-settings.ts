import { type Reason, reasonOf } from "../../base/reason.ts";
import type { Severity } from "../finding.ts";
import { isTriggerOn } from "../triggers.ts";
import { DRAFT_HANDLING, type Trigger, TRIGGERS, type TriggerRules } from "../triggers.ts";
import { REPOSITORY_CONFIG } from "./parse-repository-config.ts";
import type { RepositorySettings } from "./repository-settings.ts";

/** The host's values that a repository may change. */
export type HostSettings = {
  readonly language: string;
  readonly paths: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly least: { readonly severity: Severity; readonly confidence: number };
  /** The most open threads. */
  readonly threads: number;
};

/** What a repository may switch, by the host's word. */
export type Allowance = {
  readonly triggers: readonly Trigger[];
  readonly drafts: boolean;
};

/** A repository may switch every trigger and say how drafts are handled. */
export const ALLOW_ALL: Allowance = { triggers: TRIGGERS, drafts: true };

/**
 * A repository's settings laid over the host's: language and least strength are replaced, paths are
 * added to the host's (whose exclusions therefore hold), and the number of threads can only be lowered.
 */
export const applySettings = (host: HostSettings, settings: RepositorySettings): HostSettings => ({
  language: settings.language ?? host.language,
  paths: {
    include: [...host.paths.include, ...settings.paths.include],
    exclude: [...host.paths.exclude, ...settings.paths.exclude],
  },
  least: {
    severity: settings.least.severity ?? host.least.severity,
    confidence: settings.least.confidence ?? host.least.confidence,
  },
  threads: Math.min(host.threads, settings.threads ?? host.threads),
});

/** Why a setting that is right in itself has no effect. */
type Ineffective = "setting-not-allowed" | "setting-needs-label" | "setting-needs-stale";

/**
 * A repository's triggers laid over the host's, within what the host allows. What is not allowed has no
 * effect and is a problem. Which labels ask for a review and when a merge request is stale stay the host's:
 * a repository cannot turn on a trigger by label where the host names no label.
 */
export const applyTriggers = (
  host: TriggerRules,
  settings: RepositorySettings,
  allowance: Allowance,
): { readonly rules: TriggerRules; readonly problems: readonly Reason[] } => {
  const problems: Reason[] = [];
  const report = (key: string, code: Ineffective): void => {
    problems.push(reasonOf(code, { file: REPOSITORY_CONFIG, key }));
  };
  const may = (trigger: Trigger): boolean | null => {
    const wanted = settings.triggers[trigger] ?? null;
    if (wanted === null || allowance.triggers.includes(trigger)) return wanted;
    report(`triggers.${trigger.replaceAll("-", "_")}`, "setting-not-allowed");
    return null;
  };
  const label = may("label");
  if (label === true && host.labels.length === 0) report("triggers.label", "setting-needs-label");
  const stale = may("stale");
  if (stale === true && host.stale === null) report("triggers.stale", "setting-needs-stale");
  const drafts = allowedDrafts(host, settings, allowance, report);
  const rules: TriggerRules = {
    ...host,
    opened: may("opened") ?? host.opened,
    reopened: may("reopened") ?? host.reopened,
    newCommits: { ...host.newCommits, on: may("new-commits") ?? host.newCommits.on },
    ready: may("ready") ?? host.ready,
    stale: stale === false ? null : host.stale,
    reviewer: may("reviewer") ?? host.reviewer,
    labels: label === false ? [] : host.labels,
    command: may("command") ?? host.command,
    drafts,
  };
  return { rules, problems };
};

/**
 * A repository's triggers laid over those of a host that has decided about the delivery already: a
 * repository can turn off what the host takes, and be stricter about drafts. What the host leaves alone has
 * led to no run, so that turning it on has no effect and is a problem.
 */
export const narrowTriggers = (
  host: TriggerRules,
  settings: RepositorySettings,
): ReturnType<typeof applyTriggers> => {
  const on = TRIGGERS.filter((trigger) => isTriggerOn(trigger, host));
  const off = TRIGGERS.filter((trigger) => !on.includes(trigger) && settings.triggers[trigger] === false);
  const triggers = Object.fromEntries(
    Object.entries(settings.triggers).filter(([name]) => !off.some((trigger) => trigger === name)),
  );
  const isStricter =
    DRAFT_HANDLING.indexOf(settings.drafts ?? host.drafts) >= DRAFT_HANDLING.indexOf(host.drafts);
  return applyTriggers(host, { ...settings, triggers }, { triggers: on, drafts: isStricter });
};

const allowedDrafts = (
  host: TriggerRules,
  settings: RepositorySettings,
  allowance: Allowance,
  report: (key: string, code: Ineffective) => void,
): TriggerRules["drafts"] => {
  const wanted = DRAFT_HANDLING.find((one) => one === settings.drafts) ?? host.drafts;
  if (allowance.drafts || wanted === host.drafts) return wanted;
  report("drafts", "setting-not-allowed");
  return host.drafts;
};
