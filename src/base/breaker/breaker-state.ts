/** When a breaker opens and for how long. Times are in milliseconds. */
export type BreakerRules = {
  /** So many failures in a row open it, at least 1. */
  readonly failures: number;
  /** How long it stays open the first time; twice as long after each probe that failed. */
  readonly openMs: number;
  readonly longestOpenMs: number;
  /** How long a probe is waited for before another call may be one. */
  readonly probeMs: number;
};

/**
 * How a circuit breaker stands. `closed`: calls pass. `open`: none does until `untilMs`. `half-open`: one
 * call, the probe, finds out whether the other side works again. `probes` counts the probes of one outage.
 */
export type BreakerState =
  | { readonly kind: "closed"; readonly failures: number }
  | { readonly kind: "open"; readonly untilMs: number; readonly openings: number; readonly probes: number }
  | {
      readonly kind: "half-open";
      readonly probeUntilMs: number;
      readonly openings: number;
      readonly probes: number;
    };

/** The beginning: nothing has failed. */
export const CLOSED: BreakerState = { kind: "closed", failures: 0 };

/** Whether a call may be made. `probe` names the probe that it is, null for an ordinary call. */
export type Admission =
  | { readonly kind: "go"; readonly probe: number | null }
  | { readonly kind: "open"; readonly waitMs: number }
  /** Another call is finding out just now. */
  | { readonly kind: "probing"; readonly waitMs: number };

/** What a call told of the other side; `unknown` when it was given up before it could. */
export type CallVerdict = "works" | "fails" | "unknown";

type Next = { readonly state: BreakerState; readonly admission: Admission };

/** Asks whether a call may be made at `nowMs`. */
export const admitCall = (state: BreakerState, nowMs: number, rules: BreakerRules): Next => {
  if (state.kind === "closed") return { state, admission: { kind: "go", probe: null } };
  const waitMs = (state.kind === "open" ? state.untilMs : state.probeUntilMs) - nowMs;
  const longestMs = state.kind === "open" ? rules.longestOpenMs : rules.probeMs;
  // A longer wait than there can be means that the clock was put back.
  if (waitMs > 0 && waitMs <= longestMs)
    return { state, admission: { kind: state.kind === "open" ? "open" : "probing", waitMs } };
  const probes = state.probes + 1;
  return {
    state: { kind: "half-open", probeUntilMs: nowMs + rules.probeMs, openings: state.openings, probes },
    admission: { kind: "go", probe: probes },
  };
};

/**
 * The state after a call has ended. Once the breaker is no longer closed only the newest probe counts:
 * what calls of before tell is of before.
 */
export const learnFromCall = (
  state: BreakerState,
  { probe, verdict }: { readonly probe: number | null; readonly verdict: CallVerdict },
  nowMs: number,
  rules: BreakerRules,
): BreakerState => {
  if (state.kind === "closed") {
    if (probe !== null || verdict === "unknown") return state;
    if (verdict === "works") return CLOSED;
    const failures = state.failures + 1;
    return failures < rules.failures ? { kind: "closed", failures } : open(1, 0, nowMs, rules);
  }
  if (state.kind === "open" || probe !== state.probes) return state;
  if (verdict === "works") return CLOSED;
  if (verdict === "fails") return open(state.openings + 1, state.probes, nowMs, rules);
  return { kind: "open", untilMs: nowMs, openings: state.openings, probes: state.probes };
};

const open = (openings: number, probes: number, nowMs: number, rules: BreakerRules): BreakerState => ({
  kind: "open",
  untilMs: nowMs + openMsOf(openings, rules),
  openings,
  probes,
});

const openMsOf = (openings: number, { openMs, longestOpenMs }: BreakerRules): number =>
  Math.min(longestOpenMs, openMs * 2 ** Math.min(openings - 1, 30));
