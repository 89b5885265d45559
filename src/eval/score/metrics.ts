import type { Tally } from "./tally.ts";

/** How a metric is written. */
type MetricKind = "share" | "amount" | "money" | "seconds" | "count";

/** A metric: how it is written and calculated; the catalogue names it (`metric.NAME`). Null where there is nothing to divide by. */
type Metric = {
  readonly kind: MetricKind;
  readonly better: "more" | "less";
  readonly of: (tally: Tally) => number | null;
};

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/** The harmonic mean of precision and recall, from their parts. */
const f1 = ({ matched, reported, expected }: Tally): number | null => ratio(2 * matched, reported + expected);

/** Everything that flows are compared by. Sums are divided by sums, so that large cases count as more. */
export const METRICS = {
  precision: {
    kind: "share",
    better: "more",
    of: ({ matched, reported }) => ratio(matched, reported),
  },
  recall: {
    kind: "share",
    better: "more",
    of: ({ matched, expected }) => ratio(matched, expected),
  },
  f1: { kind: "share", better: "more", of: f1 },
  exact: {
    kind: "share",
    better: "more",
    of: ({ exact, located }) => ratio(exact, located),
  },
  overlapping: {
    kind: "share",
    better: "more",
    of: ({ overlapping, located }) => ratio(overlapping, located),
  },
  near: {
    kind: "share",
    better: "more",
    of: ({ near, located }) => ratio(near, located),
  },
  density: {
    kind: "amount",
    better: "less",
    of: ({ reported, changedLines }) => ratio(100 * reported, changedLines),
  },
  noise: {
    kind: "amount",
    better: "less",
    of: ({ reported, matched, runs }) => ratio(reported - matched, runs),
  },
  cost: {
    kind: "money",
    better: "less",
    of: ({ cost, runs }) => (cost === null ? null : ratio(cost, runs)),
  },
  tokens: {
    kind: "count",
    better: "less",
    of: ({ tokens, runs }) => ratio(tokens, runs),
  },
  time: {
    kind: "seconds",
    better: "less",
    of: ({ wallMs, runs }) => ratio(wallMs / 1000, runs),
  },
  modelTime: {
    kind: "seconds",
    better: "less",
    of: ({ modelMs, runs }) => ratio(modelMs / 1000, runs),
  },
  failures: {
    kind: "share",
    better: "less",
    of: ({ failed, runs }) => ratio(failed, runs),
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** The name of a metric, as thresholds and reports have it. */
export type MetricName = keyof typeof METRICS;

/** Whether a text names a metric. */
export const isMetricName = (text: string): text is MetricName => Object.hasOwn(METRICS, text);

/** The names of all metrics, in the order of reports. */
export const METRIC_NAMES: readonly MetricName[] = Object.keys(METRICS).filter(isMetricName);

/** The value of a metric; null where nothing can be said, such as the precision of no findings. */
export const metricOf = (name: MetricName, tally: Tally): number | null => METRICS[name].of(tally);
