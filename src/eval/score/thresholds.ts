import type { EvalReport } from "../report/eval-report.ts";
import { type Message, message } from "../../messages/message.ts";
import { isMetricName, METRICS, type MetricName } from "./metrics.ts";

/** What a flow must come to: at least so much, or at most where less is better. */
export type Threshold = { readonly metric: MetricName; readonly bound: number };

/** Reads a threshold such as `recall=0.4` or `noise=2`; null for what is none. */
export const parseThreshold = (text: string): Threshold | null => {
  const [, name = "", bound = ""] = /^\s*([a-z0-9]+)\s*=\s*(\d+(?:\.\d+)?%?)\s*$/i.exec(text) ?? [];
  if (!isMetricName(name)) return null;
  return { metric: name, bound: bound.endsWith("%") ? Number(bound.slice(0, -1)) / 100 : Number(bound) };
};

/** Every flow that misses a threshold. A metric that has no value misses it. */
export const findMisses = (
  { flows }: Pick<EvalReport, "flows">,
  thresholds: readonly Threshold[],
): readonly Message[] =>
  thresholds.flatMap(({ metric, bound }) =>
    flows.flatMap(({ name, metrics }) => {
      const { value } = metrics[metric];
      const { better } = METRICS[metric];
      const asked = { flow: name, metric, better, bound };
      if (value === null) return [message("cli.eval.no-value", asked)];
      if (better === "more" ? value >= bound : value <= bound) return [];
      return [message("cli.eval.missed", { ...asked, value: Number(value.toFixed(4)) })];
    }),
  );
