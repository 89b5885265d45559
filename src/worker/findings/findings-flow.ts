import type { ContextLimit } from "../../base/context-limit.ts";
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
  readonly packing: Packing;
  /** Findings below these are told in the summary only. */
  readonly least: { readonly severity: Severity; readonly confidence: number };
  readonly publish: { readonly labels: readonly string[]; readonly status: boolean };
};

/** How much one call of a flow reads, as this process knows from its models. Sizes are in tokens of `estimateTokens`. */
export type Packing = {
  /** The size of parts for a limit in tokens of the model: what is wanted, or what fits. */
  readonly fit: (unitTokens: number) => Promise<number>;
  /**
   * Makes the parts smaller after a prompt that was too long: half of what they were, and at most half of the
   * window, where it is known, since the instructions and the answer take the rest. The new size; null when it
   * would be too small to review anything.
   */
  readonly shrink: (from: number, limit: ContextLimit) => number | null;
};

/** What a packing asks about the models of its flow. */
export type PackingFacts = {
  /** The smallest context window of the models in tokens, null where it is not known. Never fails. */
  readonly windowTokens: () => Promise<number | null>;
  /** Tokens that the models count for one that is estimated; null where they have not reported enough. */
  readonly tokenRatio: () => number | null;
  /** What the instructions take, estimated. */
  readonly promptTokens: number;
};

/** Of a flow whose models say nothing: they run elsewhere, or have not been asked yet. */
const NOTHING_KNOWN: PackingFacts = {
  windowTokens: async () => null,
  tokenRatio: () => null,
  promptTokens: 0,
};

/** Parts of fewer tokens hold no hunk with its context. */
const MIN_UNIT_TOKENS = 256;

/** What of a window the answer keeps: a quarter, at most 8,000 tokens. */
const answerTokens = (window: number): number => Math.min(window / 4, 8_000);

/** Ratios are taken in these steps, so that a hunk is cut in the same places, and known again, tomorrow. */
const RATIO_STEP = 0.05;

/** Half of all prompts are counted higher than the median says, a few by so much. */
const MARGIN = 1.1;

/** The packing of a flow. */
export const createPacking = (facts: PackingFacts = NOTHING_KNOWN): Packing => {
  let largest = Infinity;
  let seenWindow: number | null = null;
  const capacity = (window: number, ratio: number | null): number => {
    // Without a ratio the estimate is a bound by itself.
    const perToken = ratio === null ? 1 : ratio * MARGIN;
    return Math.max(MIN_UNIT_TOKENS, (window - answerTokens(window)) / perToken - facts.promptTokens);
  };
  return {
    fit: async (unitTokens) => {
      const window = await facts.windowTokens();
      // A server that was given more memory takes longer parts again.
      if (window !== null && seenWindow !== null && window > seenWindow) largest = Infinity;
      seenWindow = window;
      const exact = facts.tokenRatio();
      const ratio = exact === null ? null : Math.ceil(exact / RATIO_STEP) * RATIO_STEP;
      const most = window === null ? Infinity : capacity(window, ratio);
      return Math.floor(Math.min(unitTokens / (ratio ?? 1), most, largest));
    },
    shrink: (from, { windowTokens }) => {
      const next = Math.floor(Math.min(from, windowTokens ?? from) / 2);
      if (next < MIN_UNIT_TOKENS) return null;
      largest = Math.min(largest, next);
      return next;
    },
  };
};

/** What one review may take. */
export type FindingsLimits = {
  /** What one call of the flow reads at most, in tokens of its model. */
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
  review: [
    "title",
    "description",
    "diff",
    "language",
    "rules",
    "said",
    "lessons",
    "max_findings",
    "nonce",
    "correction",
  ],
  verify: ["diff", "findings", "language", "lessons", "nonce", "correction"],
  summary: ["title", "description", "files", "findings", "language", "nonce", "correction"],
} as const;

/** Those of them that a flow has to declare, or it judges nothing. */
export const NEEDED_INPUTS: Readonly<Record<keyof typeof FINDINGS_INPUTS, readonly string[]>> = {
  review: ["diff"],
  verify: ["findings"],
  summary: [],
};
