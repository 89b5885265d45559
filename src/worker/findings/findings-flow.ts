import type { FlowRunner } from "../../review/flow-runner.ts";
import type { Severity } from "../../review/finding.ts";
import type { TeamRules } from "./team-rules.ts";

/** A flow of a review and what tells whether it still is the same one. */
export type FlowPart = {
  readonly runner: FlowRunner;
  /** Changes when the flow does; what another flow found is not taken for what this one would find. */
  readonly digest: string;
};

/** A flow of the contract `findings`: it judges code, and everything else is done here. */
export type FindingsFlow = FlowPart & {
  readonly name: string;
  readonly contract: "findings";
  /** The language of the prose, as a person would name it. */
  readonly language: string;
  /** The team's own rules, as text for the model; empty for none. */
  readonly rules: string;
  /** What the server, groups and repositories say, too; left out where only the flow's own rules hold. */
  readonly teamRules?: TeamRules;
  /** Further flows of the same contract over the same units; their findings are merged. */
  readonly passes: readonly FlowPart[];
  /** Confirms or refutes findings; what it does not confirm is not published. */
  readonly verify: FlowPart | null;
  /** Folds everything to a walk-through. */
  readonly summary: FlowPart | null;
  /** Globs, see SelectionRules. */
  readonly paths: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly limits: FindingsLimits;
  /** Findings below these are told in the summary only. */
  readonly least: { readonly severity: Severity; readonly confidence: number };
  readonly publish: { readonly labels: readonly string[]; readonly status: boolean };
};

/** What one review may take. */
export type FindingsLimits = {
  /** What one call of the flow reads at most, in tokens as they are estimated. */
  readonly unitTokens: number;
  readonly unitsAtOnce: number;
  /** The most threads that may be open at once through this flow. */
  readonly threads: number;
  /** The most tokens that one review may use; null for no limit. */
  readonly tokens: number | null;
  /** The most that one review may cost, in the currency of the models' prices; null for no limit. */
  readonly cost: number | null;
};

/** The inputs of a flow of this contract that may be declared, by the part that the flow plays. */
export const FINDINGS_INPUTS = {
  review: ["title", "description", "diff", "language", "rules", "said", "lessons", "max_findings", "nonce"],
  verify: ["diff", "findings", "language", "lessons", "nonce"],
  summary: ["title", "description", "files", "findings", "language", "nonce"],
} as const;

/** Those of them that a flow has to declare, or it judges nothing. */
export const NEEDED_INPUTS: Readonly<Record<keyof typeof FINDINGS_INPUTS, readonly string[]>> = {
  review: ["diff"],
  verify: ["findings"],
  summary: [],
};
