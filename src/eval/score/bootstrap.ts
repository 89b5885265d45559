import { metricOf, type MetricName } from "./metrics.ts";
import { addTallies, NO_TALLY, type Tally } from "./tally.ts";

/** A value with what it may as well be: 95 % of resamples lie between `low` and `high`. */
export type Estimate = {
  /** Null where nothing can be said. */
  readonly value: number | null;
  /** Both null for fewer than two cases, which tell nothing about others. */
  readonly low: number | null;
  readonly high: number | null;
};

/** Every metric with its interval. */
export type Estimates = Readonly<Record<MetricName, Estimate>>;

/** The runs of one flow over one case, one for each repeat; never empty. */
export type CaseTallies = readonly Tally[];

/** How resamples are drawn. The same seed gives the same intervals. */
export type BootstrapOptions = { readonly resamples: number; readonly seed: number };

/** Enough for the second digit of a bound. */
export const DEFAULT_RESAMPLES = 2_000;

/** Numbers from 0 up to 1 that the seed alone decides (mulberry32). */
const createRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const sum = (tallies: readonly Tally[]): Tally => tallies.reduce(addTallies, NO_TALLY);

/** Draws cases, and of each case its repeats, with replacement; for every flow the same cases. */
const resample = (flows: readonly (readonly CaseTallies[])[], random: () => number): readonly Tally[] => {
  const count = flows[0]?.length ?? 0;
  const pick = (length: number): number => Math.floor(random() * length);
  const drawn = Array.from({ length: count }, () => pick(count));
  return flows.map((cases) =>
    sum(
      drawn.flatMap((index) => {
        const repeats = cases[index] ?? [];
        return repeats.flatMap(() => repeats[pick(repeats.length)] ?? []);
      }),
    ),
  );
};

/** The share `at` of sorted values, between neighbours in proportion. */
const quantile = (sorted: readonly number[], at: number): number | null => {
  const place = (sorted.length - 1) * at;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below === undefined || above === undefined ? null : below + (above - below) * (place % 1);
};

const toEstimate = (value: number | null, drawn: readonly (number | null)[], isTold: boolean): Estimate => {
  const sorted = drawn.filter((one) => one !== null).toSorted((one, other) => one - other);
  if (value === null || !isTold || sorted.length === 0) return { value, low: null, high: null };
  return { value, low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
};

const ofMetrics = (of: (name: MetricName) => Estimate): Estimates => ({
  precision: of("precision"),
  recall: of("recall"),
  f1: of("f1"),
  exact: of("exact"),
  overlapping: of("overlapping"),
  near: of("near"),
  density: of("density"),
  noise: of("noise"),
  cost: of("cost"),
  tokens: of("tokens"),
  time: of("time"),
  modelTime: of("modelTime"),
  failures: of("failures"),
});

/** What flows come to, and how the others differ from the first. */
export type Comparison = {
  /** In the order of the flows. */
  readonly flows: readonly Estimates[];
  /** For every flow but the first: its value less the first one's, over the same cases. */
  readonly differences: readonly Estimates[];
};

const minus = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : one - other;

/**
 * Estimates every metric of every flow, with intervals by the bootstrap over cases and repeats (Efron 1979,
 * percentiles). All flows have the same cases in the same order, so that differences are paired.
 */
export const compareFlows = (
  flows: readonly (readonly CaseTallies[])[],
  { resamples, seed }: BootstrapOptions,
): Comparison => {
  const random = createRandom(seed);
  const isTold = (flows[0]?.length ?? 0) > 1;
  const totals = flows.map((cases) => sum(cases.flat()));
  const draws = isTold ? Array.from({ length: resamples }, () => resample(flows, random)) : [];
  const drawn = (name: MetricName, flow: number): readonly (number | null)[] =>
    draws.map((tallies) => metricOf(name, tallies[flow] ?? NO_TALLY));
  const valueOf = (name: MetricName, flow: number): number | null => metricOf(name, totals[flow] ?? NO_TALLY);
  return {
    flows: flows.map((_cases, flow) =>
      ofMetrics((name) => toEstimate(valueOf(name, flow), drawn(name, flow), isTold)),
    ),
    differences: flows.slice(1).map((_cases, index) =>
      ofMetrics((name) => {
        const [own, first] = [drawn(name, index + 1), drawn(name, 0)];
        const value = minus(valueOf(name, index + 1), valueOf(name, 0));
        return toEstimate(
          value,
          own.map((one, draw) => minus(one, first[draw] ?? null)),
          isTold,
        );
      }),
    ),
  };
};
