import type { EvalReport } from "../report/eval-report.ts";
import { isMetricName, METRIC_NAMES, METRICS, type MetricName } from "./metrics.ts";

/** What a flow must come to: at least so much, or at most where less is better. */
export type Threshold = { readonly metric: MetricName; readonly bound: number };

/** Reads a threshold such as `recall=0.4` or `noise=2`; a sentence about what is wrong with it otherwise. */
export const parseThreshold = (text: string): Threshold | string => {
  const [, name = "", bound = ""] = /^\s*([a-z0-9]+)\s*=\s*(\d+(?:\.\d+)?%?)\s*$/i.exec(text) ?? [];
  if (!isMetricName(name))
    return `--fail-under takes metric=number, such as recall=0.4, with one of ${METRIC_NAMES.join(", ")}; not ${text}`;
  return { metric: name, bound: bound.endsWith("%") ? Number(bound.slice(0, -1)) / 100 : Number(bound) };
};

/** Every flow that misses a threshold, in sentences. A metric that has no value misses it. */
export const findMisses = (
  { flows }: Pick<EvalReport, "flows">,
  thresholds: readonly Threshold[],
): readonly string[] =>
  thresholds.flatMap(({ metric, bound }) =>
    flows.flatMap(({ name, metrics }) => {
      const { value } = metrics[metric];
      const isMore = METRICS[metric].better === "more";
      if (value !== null && (isMore ? value >= bound : value <= bound)) return [];
      const got = value === null ? "has no value" : `is ${Number(value.toFixed(4))}`;
      return [`${name}: ${metric} ${got}, ${isMore ? "at least" : "at most"} ${bound} was asked for`];
    }),
  );
