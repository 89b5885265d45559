import type { FlowUsage } from "../../flow/flow-event.ts";
import { SEVERITIES } from "../finding.ts";
import { type BySeverity, NO_FINDINGS, type ShadowFigures } from "./shadow-report.ts";

/** A shadow run as far as sums need it. `done` ones have figures. */
export type SummedShadow = {
  readonly projectId: number;
  readonly iid: number;
  readonly state: "queued" | "active" | "done" | "failed" | "skipped";
  readonly figures: ShadowFigures | null;
};

/** What one of the flows took over all runs that were compared. */
export type ConsumedTotal = {
  readonly tokens: number;
  /** By currency; amounts in several currencies are not added up. */
  readonly cost: ReadonlyMap<string, number>;
  readonly elapsedMs: number;
};

/** A candidate beside the present flow, in numbers. */
export type ShadowTotals = {
  /** Merge requests that were compared. */
  readonly mergeRequests: number;
  /** Runs that were compared. */
  readonly compared: number;
  readonly failed: number;
  readonly skipped: number;
  readonly waiting: number;
  readonly both: BySeverity;
  readonly onlyPresent: BySeverity;
  readonly onlyCandidate: BySeverity;
  readonly present: ConsumedTotal;
  readonly candidate: ConsumedTotal;
};

/**
 * Sums comparisons up, the newest first. A review's findings are those of the whole merge request, so that
 * only the newest comparison of each counts for them; what it took counts every time.
 */
export const sumShadows = (shadows: readonly SummedShadow[]): ShadowTotals => {
  const done = shadows.flatMap(({ projectId, iid, figures }) =>
    figures === null ? [] : [{ key: `${projectId}!${iid}`, figures }],
  );
  const newest = new Map<string, ShadowFigures>();
  for (const { key, figures } of done) if (!newest.has(key)) newest.set(key, figures);
  const last = [...newest.values()];
  const count = (state: SummedShadow["state"]): number =>
    shadows.filter((shadow) => shadow.state === state).length;
  return {
    mergeRequests: newest.size,
    compared: done.length,
    failed: count("failed"),
    skipped: count("skipped"),
    waiting: count("queued") + count("active"),
    both: addCounts(last.map(({ both }) => both)),
    onlyPresent: addCounts(last.map(({ onlyPresent }) => onlyPresent)),
    onlyCandidate: addCounts(last.map(({ onlyCandidate }) => onlyCandidate)),
    present: addConsumed(done.map(({ figures }) => figures.present)),
    candidate: addConsumed(done.map(({ figures }) => figures.candidate)),
  };
};

const addCounts = (all: readonly BySeverity[]): BySeverity => {
  const total = { ...NO_FINDINGS };
  for (const counts of all) for (const severity of SEVERITIES) total[severity] += counts[severity];
  return total;
};

const addConsumed = (
  all: readonly { readonly usage: FlowUsage; readonly elapsedMs: number }[],
): ConsumedTotal => {
  const cost = new Map<string, number>();
  for (const { usage } of all) {
    const { totalPrice: price, currency } = usage;
    if (price !== null && price !== 0) cost.set(currency, (cost.get(currency) ?? 0) + price);
  }
  return {
    tokens: all.reduce((total, { usage }) => total + usage.totalTokens, 0),
    cost,
    elapsedMs: all.reduce((total, { elapsedMs }) => total + elapsedMs, 0),
  };
};
