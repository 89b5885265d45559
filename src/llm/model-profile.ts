import type { Clock } from "../base/clock.ts";
import { estimateTokens } from "../base/estimate-tokens.ts";
import { type AskedWindow, askWindow } from "./ask-window.ts";
import type { ConfiguredModel, ModelProfile, ModelProfiles } from "./model-options.ts";

/** Calls that are kept for the ratio, and how many of them it needs. */
const KEPT = 50;
const NEEDED = 5;

/** In prompts of fewer tokens the template around the messages counts for much. */
const MIN_ESTIMATED = 200;

/** No tokenizer is so far from the estimate: such a count is not one of what was sent. */
const MIN_RATIO = 0.3;
const MAX_RATIO = 4;

/** By how much two prompts differ that no tokenizer counts the same. */
const CLEARLY_LONGER = 1.1;

type Sample = { readonly estimated: number; readonly reported: number };

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((one, other) => one - other);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 1;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2;
};

/**
 * How a model's server counts, by the median of its last fifty calls. What cannot be a count of the prompt is
 * passed over: nothing, less or more than any tokenizer makes of it, and one number for prompts of different
 * length, which a server reports that cuts them to its window.
 */
const createCalibration = () => {
  let samples: readonly Sample[] = [];
  const isSameCount = (one: Sample, other: Sample): boolean =>
    one.reported === other.reported &&
    Math.max(one.estimated, other.estimated) > CLEARLY_LONGER * Math.min(one.estimated, other.estimated);
  return {
    learn: (sample: Sample): void => {
      const ratio = sample.reported / sample.estimated;
      if (sample.estimated < MIN_ESTIMATED || ratio < MIN_RATIO || ratio > MAX_RATIO) return;
      const others = samples.filter((one) => !isSameCount(one, sample));
      samples = others.length < samples.length ? others : [...samples, sample].slice(-KEPT);
    },
    ratio: (): number | null =>
      samples.length < NEEDED ? null : median(samples.map(({ estimated, reported }) => reported / estimated)),
  };
};

/** How long an answer about the window holds, and how soon one that gave nothing is asked for again, in milliseconds. */
const HOLDS_MS = 600_000;
const HOLDS_UNLOADED_MS = 5_000;

/** Opens the profile of a model: empty, but for what is set. Everything in it ends with the process. */
export const createModelProfile = (
  model: ConfiguredModel,
  { now }: Pick<Clock, "now">,
  ask: (model: ConfiguredModel) => Promise<AskedWindow> = askWindow,
): ModelProfile => {
  const { contextWindow = null } = model;
  const calibration = createCalibration();
  let asked: number | null = null;
  let learnt: number | null = null;
  let askAgainAtMs = 0;
  let asking: Promise<void> | null = null;
  const askNow = async (): Promise<void> => {
    const answer = await ask(model);
    askAgainAtMs = now() + (answer === "not-loaded" ? HOLDS_UNLOADED_MS : HOLDS_MS);
    const window = typeof answer === "number" ? answer : null;
    // A server that was started again with another window refuses other prompts.
    if (window !== null && window !== asked) learnt = null;
    asked = window ?? asked;
  };
  const knownWindow = (): number | null =>
    contextWindow ?? (asked === null ? learnt : Math.min(asked, learnt ?? asked));
  return {
    learnCount: (prompt, reported) => calibration.learn({ estimated: estimateTokens(prompt), reported }),
    tokenRatio: calibration.ratio,
    countTokens: (text) => Math.ceil(estimateTokens(text) * (calibration.ratio() ?? 1)),
    learnWindow: (tokens) => {
      learnt = tokens;
    },
    knownWindow,
    findWindow: async () => {
      if (contextWindow === null && now() >= askAgainAtMs) {
        asking ??= askNow().finally(() => {
          asking = null;
        });
        await asking;
      }
      return knownWindow();
    },
  };
};

/** Profiles that are opened when they are first needed. */
export const createModelProfiles = (clock: Pick<Clock, "now">): ModelProfiles => {
  const profiles = new Map<string, ModelProfile>();
  return {
    of: (model) => {
      const known = profiles.get(model.name) ?? createModelProfile(model, clock);
      profiles.set(model.name, known);
      return known;
    },
  };
};
