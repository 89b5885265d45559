import type { Severity } from "../finding.ts";
import type { DraftHandling, Trigger } from "../triggers.ts";

/** The kinds of files that are read as rules besides `.reviewflow/rules`. */
export const RULE_FILE_KINDS = ["agents", "contributing", "duo"] as const;
export type RuleFileKind = (typeof RULE_FILE_KINDS)[number];

/** What a repository may set for its reviews. Null and missing mean that the host's value holds. */
export type RepositorySettings = {
  /** The language of the prose, as a person would name it. */
  readonly language: string | null;
  /** Rules as text for the model. */
  readonly rules: string | null;
  readonly paths: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly least: { readonly severity: Severity | null; readonly confidence: number | null };
  readonly threads: number | null;
  readonly triggers: Readonly<Partial<Record<Trigger, boolean>>>;
  readonly drafts: DraftHandling | null;
  /** Which further files are read as rules. */
  readonly ruleFiles: Readonly<Partial<Record<RuleFileKind, boolean>>>;
};

/** The settings of a repository that sets nothing. */
export const NO_SETTINGS: RepositorySettings = {
  language: null,
  rules: null,
  paths: { include: [], exclude: [] },
  least: { severity: null, confidence: null },
  threads: null,
  triggers: {},
  drafts: null,
  ruleFiles: {},
};
