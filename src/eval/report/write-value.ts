import type { FlowUsage } from "../../flow/flow-event.ts";
import type { Translate } from "../../messages/format-message.ts";
import type { Estimate } from "../score/bootstrap.ts";
import { METRICS, type MetricName } from "../score/metrics.ts";

const digits = (value: number, most: number): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: most, maximumFractionDigits: most });

/** The currency of all of these that cost something; empty where nothing did, or several have one of their own. */
const currencyOf = (usages: readonly FlowUsage[]): string => {
  const named = new Set(usages.flatMap((usage) => ((usage.totalPrice ?? 0) > 0 ? usage.currency : [])));
  const [currency = ""] = named;
  return named.size === 1 ? currency : "";
};

/** What a metric is called, a cost with its currency. */
export const nameMetric = (t: Translate, metric: MetricName, usages: readonly FlowUsage[]): string => {
  const name = t(`metric.${metric}`);
  const currency = METRICS[metric].kind === "money" ? currencyOf(usages) : "";
  return currency === "" ? name : `${name} (${currency})`;
};

/** A sum of costs with its currency. */
export const writeCost = (usages: readonly FlowUsage[]): string => {
  const sum = usages.reduce((total, { totalPrice }) => total + (totalPrice ?? 0), 0);
  return `${writeValue("cost", sum)} ${currencyOf(usages)}`.trimEnd();
};

/** A value of a metric for people; a dash where there is none. */
export const writeValue = (name: MetricName, value: number | null): string => {
  if (value === null) return "–";
  switch (METRICS[name].kind) {
    case "share":
      return `${digits(100 * value, 1)} %`;
    case "money":
      return digits(value, 4);
    case "seconds":
      return `${digits(value, 1)} s`;
    case "count":
      return digits(value, 0);
    case "amount":
      return digits(value, 2);
  }
};

/** What a value may as well be, such as `40.0 % … 60.0 %`; empty where nobody can tell. */
export const writeInterval = (name: MetricName, { low, high }: Estimate): string =>
  low === null || high === null ? "" : `${writeValue(name, low)} … ${writeValue(name, high)}`;

/** A difference with its sign, none where it rounds to nothing; shares in points. */
export const writeDifference = (name: MetricName, value: number | null): string => {
  if (value === null) return "–";
  const text = writeValue(name, Math.abs(value)).replace(/ %$/, " pt");
  if (!/[1-9]/.test(text)) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
};

/** The interval of a difference. */
export const writeDifferenceInterval = (name: MetricName, { low, high }: Estimate): string =>
  low === null || high === null ? "" : `${writeDifference(name, low)} … ${writeDifference(name, high)}`;

/** Whether a difference is more than chance, by its interval, and for the better or the worse. */
export const classifyDifference = (
  name: MetricName,
  { low, high }: Estimate,
): "better" | "worse" | "open" => {
  if (low === null || high === null || (low <= 0 && high >= 0)) return "open";
  return low > 0 === (METRICS[name].better === "more") ? "better" : "worse";
};
