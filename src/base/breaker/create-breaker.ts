import type { Clock } from "../clock.ts";
import {
  type BreakerRules,
  type BreakerState,
  CLOSED,
  type CallVerdict,
  admitCall,
  learnFromCall,
} from "./breaker-state.ts";

/** Leave to make a call; whoever has it says once what the call told. */
export type BreakerPass =
  | {
      readonly kind: "go";
      /** Whether this call finds out if the other side works again. */
      readonly isProbe: boolean;
      /** Later calls of it do nothing. */
      readonly tell: (verdict: CallVerdict) => void;
    }
  | { readonly kind: "wait"; readonly waitMs: number };

/** Keeps calls from another side that has failed again and again. */
export type Breaker = {
  /** Asks for leave; waits while a probe is under way, and for nothing else. Rejects with the signal's reason. */
  readonly enter: (signal?: AbortSignal) => Promise<BreakerPass>;
  /** How long no call would be let through, in milliseconds; null when one may be. Changes nothing. */
  readonly waitMs: () => number | null;
  readonly state: () => BreakerState["kind"];
  readonly standing: () => BreakerStanding;
};

/** How a breaker stands, for people. Times are in milliseconds since the epoch. */
export type BreakerStanding = {
  readonly state: BreakerState["kind"];
  /** When it left the state `closed`; null while it is in it. */
  readonly sinceMs: number | null;
  /** From when on the next call finds out whether the other side works; null unless it is open. */
  readonly nextTryMs: number | null;
};

/** The standing of a breaker by the name of its other side, such as `model main`. */
export type NamedStanding = BreakerStanding & { readonly name: string };

/** A change that people may want to know of. */
export type BreakerChange = {
  readonly name: string;
  readonly state: BreakerState["kind"];
  /** How long no call is made, in milliseconds; null unless it is open. */
  readonly waitMs: number | null;
};

/** The breakers of one process, by the name of the other side. */
export type Breakers = {
  /** The same for the same name. */
  readonly of: (name: string) => Breaker;
  /** Every one that was asked for. */
  readonly list: () => readonly NamedStanding[];
};

/** What breakers are made with. */
export type BreakersOptions = {
  /** Null lets everything pass. */
  readonly rules: BreakerRules | null;
  readonly clock: Clock;
  /** Must not throw. */
  readonly onChange?: (change: BreakerChange) => void;
};

/** Breakers that know nothing yet. */
export const createBreakers = ({ rules, clock, onChange }: BreakersOptions): Breakers => {
  const known = new Map<string, Breaker>();
  return {
    of: (name) => {
      const found = known.get(name);
      if (found !== undefined) return found;
      const made =
        rules === null
          ? OPEN_ROAD
          : createBreaker({ rules, clock, onChange: (change) => onChange?.({ name, ...change }) });
      known.set(name, made);
      return made;
    },
    list: () => [...known].map(([name, breaker]) => ({ name, ...breaker.standing() })),
  };
};

const OPEN_ROAD: Breaker = {
  enter: async () => ({ kind: "go", isProbe: false, tell: () => undefined }),
  waitMs: () => null,
  state: () => "closed",
  standing: () => ({ state: "closed", sinceMs: null, nextTryMs: null }),
};

const createBreaker = ({
  rules,
  clock,
  onChange,
}: {
  readonly rules: BreakerRules;
  readonly clock: Clock;
  readonly onChange: (change: Omit<BreakerChange, "name">) => void;
}): Breaker => {
  let state: BreakerState = CLOSED;
  let sinceMs: number | null = null;
  let changed = Promise.withResolvers<void>();
  const change = (next: BreakerState): void => {
    const isNews = next.kind !== state.kind;
    state = next;
    if (!isNews) return;
    sinceMs = next.kind === "closed" ? null : (sinceMs ?? clock.now());
    onChange({ state: next.kind, waitMs: next.kind === "open" ? next.untilMs - clock.now() : null });
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const go = (probe: number | null): BreakerPass => {
    let isTold = false;
    return {
      kind: "go",
      isProbe: probe !== null,
      tell: (verdict) => {
        if (isTold) return;
        isTold = true;
        change(learnFromCall(state, { probe, verdict }, clock.now(), rules));
      },
    };
  };
  return {
    enter: async (signal) => {
      for (;;) {
        signal?.throwIfAborted();
        const { state: next, admission } = admitCall(state, clock.now(), rules);
        change(next);
        if (admission.kind === "go") return go(admission.probe);
        if (admission.kind === "open") return { kind: "wait", waitMs: admission.waitMs };
        await waitFor(changed.promise, admission.waitMs, clock, signal);
      }
    },
    waitMs: () => {
      const { admission } = admitCall(state, clock.now(), rules);
      return admission.kind === "open" ? admission.waitMs : null;
    },
    state: () => state.kind,
    standing: () => ({
      state: state.kind,
      sinceMs,
      nextTryMs: state.kind === "open" ? state.untilMs : null,
    }),
  };
};

/** Waits for news or for `ms` milliseconds; rejects with the signal's reason. */
const waitFor = async (
  news: Promise<void>,
  ms: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const timer = new AbortController();
  const ended = signal === undefined ? timer.signal : AbortSignal.any([timer.signal, signal]);
  try {
    await Promise.race([news, clock.sleep(ms, ended)]);
  } finally {
    timer.abort();
  }
};
