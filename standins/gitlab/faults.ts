/** When a fault strikes: before the request is carried out, or after, with its answer lost. */
type FaultTime = "before" | "after";

/** What goes wrong. */
export type FaultKind =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly when?: FaultTime;
      /** The header `Retry-After`; none where left out. */
      readonly retryAfter?: string;
      readonly body?: unknown;
    }
  /** An error page of a proxy, as HTML, with this status. */
  | { readonly kind: "html"; readonly status: number; readonly when?: FaultTime }
  /** No answer at all until the client gives up. */
  | { readonly kind: "hang"; readonly when?: FaultTime }
  /** The connection is reset. */
  | { readonly kind: "reset"; readonly when?: FaultTime }
  /** The answer comes late. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** The answer breaks off in the middle of its body. */
  | { readonly kind: "truncate" }
  /** The token of this very request is revoked before the request is carried out. */
  | { readonly kind: "revoke-token" };

/** Which requests a fault is for. */
export type FaultMatch = {
  readonly method?: string;
  /** Tested against the path below the host, percent-encoded as it was sent, without the query. */
  readonly path: RegExp;
  /** How many matching requests pass unharmed first. Default 0. */
  readonly after?: number;
  /** How many requests it strikes. Default 1. */
  readonly times?: number;
};

/** A planned fault. */
export type PlannedFault = {
  /** How many requests it has struck. */
  readonly hits: () => number;
  readonly remove: () => void;
};

/** The faults that are planned. */
export type FaultPlan = {
  readonly plan: (match: FaultMatch, fault: FaultKind) => PlannedFault;
  /** The fault for a request, which it uses up; null for none. */
  readonly take: (method: string, path: string) => FaultKind | null;
};

/** A plan without faults. Of several that match, the one planned first strikes. */
export const createFaultPlan = (): FaultPlan => {
  const planned: { readonly match: FaultMatch; readonly fault: FaultKind; seen: number; hits: number }[] = [];
  return {
    plan: (match, fault) => {
      const entry = { match, fault, seen: 0, hits: 0 };
      planned.push(entry);
      return {
        hits: () => entry.hits,
        remove: () => {
          const at = planned.indexOf(entry);
          if (at !== -1) planned.splice(at, 1);
        },
      };
    },
    take: (method, path) => {
      for (const entry of planned) {
        const { match } = entry;
        if (match.method !== undefined && match.method !== method) continue;
        if (!match.path.test(path) || entry.hits >= (match.times ?? 1)) continue;
        entry.seen += 1;
        if (entry.seen <= (match.after ?? 0)) continue;
        entry.hits += 1;
        return entry.fault;
      }
      return null;
    },
  };
};
