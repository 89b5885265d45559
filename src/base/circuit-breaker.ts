import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleWhenResult,
  type IBreaker,
  type IBackoff,
  type IHalfOpenAfterBackoffContext,
} from "cockatiel";
import type { Clock } from "./clock.ts";
import { pauseAfter } from "./retry.ts";

/** When a breaker opens and for how long. Times are in milliseconds. */
type BreakerRules = {
  /** So many failures in a row open it, at least 1. */
  readonly failures: number;
  /** How long it stays open the first time; twice as long after each probe that failed. */
  readonly openMs: number;
  readonly longestOpenMs: number;
};

/**
 * What a call tells of the other side: it works (also by refusing this request), it fails, it refuses whoever asks, or
 * nothing, since the call was given up before.
 */
export type CallVerdict = "works" | "fails" | "refuses" | "unknown";

/** How a call has ended. */
export type Ended<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

/** A call that was not made: the circuit of its other side is open. */
export class CircuitOpen extends Error {
  override readonly name = "CircuitOpen";
  /** Until one call may find out whether the other side works, in milliseconds. */
  readonly waitMs: number;
  /** Whether the other side has refused us, rather than failed. */
  readonly isRefused: boolean;

  constructor(waitMs: number, isRefused: boolean) {
    super(`circuit-open ${waitMs}`);
    this.waitMs = waitMs;
    this.isRefused = isRefused;
  }
}

type State = "closed" | "open" | "half-open";

/** Keeps calls from another side that has failed again and again. */
export type Breaker = {
  /**
   * Makes the call, which may say that an answer has begun. While one call finds out whether the other side works,
   * the others wait for that. Throws CircuitOpen where no call is made, what the call
   * throws, and the signal's reason.
   */
  readonly run: <T>(
    call: (answered: () => void) => Promise<T>,
    verdictOf: (ended: Ended<T>) => CallVerdict,
    signal?: AbortSignal,
  ) => Promise<T>;
  /** How long no call would be let through, in milliseconds; null when one may be. Changes nothing. */
  readonly waitMs: () => number | null;
  readonly state: () => State;
  readonly standing: () => BreakerStanding;
  /** Lets the next call find out whether a refusal is over; nothing after failures, which have their own pauses. */
  readonly resume: () => void;
};

/** How a breaker stands, for people. Times are in milliseconds since the epoch. */
type BreakerStanding = {
  readonly state: State;
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
  readonly state: State;
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
  /** Null where failures open none; a refusal always does. */
  readonly rules: BreakerRules | null;
  readonly clock: Clock;
  /** Whether the first call to a side finds out if it works at all, and the others wait for that; none does when left out. */
  readonly probesFirst?: (name: string) => boolean;
  /** Must not throw. */
  readonly onChange?: (change: BreakerChange) => void;
};

/** Breakers that know nothing yet. */
export const createBreakers = ({
  rules,
  clock,
  probesFirst = () => false,
  onChange,
}: BreakersOptions): Breakers => {
  const known = new Map<string, Breaker>();
  return {
    of: (name) => {
      const found = known.get(name);
      if (found !== undefined) return found;
      const made = createBreaker(rules ?? NEVER, clock, probesFirst(name), (change) =>
        onChange?.({ name, ...change }),
      );
      known.set(name, made);
      return made;
    },
    list: () => [...known].map(([name, breaker]) => ({ name, ...breaker.standing() })),
  };
};

const NEVER: BreakerRules = { failures: Infinity, openMs: 0, longestOpenMs: 0 };

/**
 * A refusal is the same at the next call: whoever comes behind it is sent away, until somebody says that it may be over.
 * Where nobody does, the next call finds out.
 */
const REFUSED_MS = 60_000;

/** What a call has shown so far; its end may be still to come. */
type Sample = { readonly verdict: CallVerdict };

const isSample = (value: unknown): value is Sample =>
  typeof value === "object" && value !== null && "verdict" in value;

const hasFailed = (value: unknown): boolean => isSample(value) && value.verdict !== "works";

/** Opens after so many failures in a row, and at once after a refusal. */
const createCounter = (failures: number, isRefused: () => boolean) => {
  const consecutive = new ConsecutiveBreaker(failures);
  let keepsCount = false;
  const breaker: IBreaker = {
    state: 0,
    success: () => {
      if (!keepsCount) consecutive.success();
      keepsCount = false;
    },
    failure: () => consecutive.failure() || isRefused(),
  };
  return {
    breaker,
    /** Counts a failure of the very first call; whether it opens the circuit. */
    countFirst: (): boolean => {
      keepsCount = !consecutive.failure();
      return !keepsCount;
    },
  };
};

/** How long a breaker stays open, by our clock: the policy asks for the length of a pause, and measures by its own. */
const createPause = ({ openMs, longestOpenMs }: BreakerRules, clock: Clock) => {
  let openings = 0;
  let untilMs = 0;
  let lengthMs = 0;
  let lastVerdict: CallVerdict = "fails";
  const leftMs = (): number => {
    const left = untilMs - clock.now();
    // A longer wait than there can be means that the clock was put back.
    return left > lengthMs ? 0 : left;
  };
  const next = ({ result }: IHalfOpenAfterBackoffContext): IBackoff<IHalfOpenAfterBackoffContext> => {
    lastVerdict = "value" in result && isSample(result.value) ? result.value.verdict : "fails";
    const grownMs = pauseAfter(openings + 1, { baseMs: openMs, maxMs: longestOpenMs }, 1);
    lengthMs = lastVerdict === "fails" ? grownMs : lastVerdict === "refuses" ? REFUSED_MS : 0;
    if (lastVerdict === "fails") openings += 1;
    untilMs = clock.now() + lengthMs;
    return backoff;
  };
  const backoff: IBackoff<IHalfOpenAfterBackoffContext> = {
    get duration() {
      return leftMs() > 0 ? Infinity : -Infinity;
    },
    next,
  };
  return {
    next,
    leftMs,
    untilMs: () => untilMs,
    isRefused: () => lastVerdict === "refuses",
    resume: () => {
      if (lastVerdict === "refuses") untilMs = 0;
    },
    reset: () => {
      openings = 0;
    },
  };
};

const STATES: ReadonlyMap<CircuitState, State> = new Map([
  [CircuitState.Open, "open"],
  [CircuitState.HalfOpen, "half-open"],
]);

/** As the policy takes it: the first call of all finds out whether the other side works. */
const FRESH = { ownState: { value: CircuitState.Open, openedAt: 0, attemptNo: 0 }, breakerState: 0 };

const createBreaker = (
  rules: BreakerRules,
  clock: Clock,
  isUnproven: boolean,
  onChange: (change: Omit<BreakerChange, "name">) => void,
): Breaker => {
  const pause = createPause(rules, clock);
  let isRefusal = false;
  let isFresh = isUnproven;
  let shown: State = "closed";
  let sinceMs: number | null = null;
  const counter = createCounter(rules.failures, () => isRefusal);
  const policy = circuitBreaker(handleWhenResult(hasFailed), {
    breaker: counter.breaker,
    halfOpenAfter: {
      // Until the first call has ended there is no pause.
      next: (context) => (isFresh ? { duration: -Infinity, next: pause.next } : pause.next(context)),
    },
    ...(isUnproven ? { initialState: FRESH } : {}),
  });
  policy.onStateChange((state) => {
    const next = STATES.get(state) ?? "closed";
    if (isFresh && next === "half-open") return;
    isFresh = false;
    if (next === "closed") pause.reset();
    if (next === shown) return;
    shown = next;
    sinceMs = next === "closed" ? null : (sinceMs ?? clock.now());
    onChange({ state: next, waitMs: next === "open" ? pause.leftMs() : null });
  });

  const sampled = async <T>(
    ended: Promise<Ended<T>>,
    answered: Promise<void>,
    verdictOf: (ended: Ended<T>) => CallVerdict,
  ): Promise<Sample> => {
    const isProbe = policy.state === CircuitState.HalfOpen;
    const whole = ended.then((end): Sample => ({ verdict: verdictOf(end) }));
    const early = answered.then((): Sample => ({ verdict: "works" }));
    const sample = await (isProbe ? Promise.race([early, whole]) : whole);
    isRefusal = sample.verdict === "refuses";
    // Outside a probe, what tells nothing is not counted.
    if (sample.verdict === "unknown" && !isProbe) throw new Uncounted();
    // The first call of all is one of several that may fail.
    const isFirstFailure = isFresh && sample.verdict === "fails" && !counter.countFirst();
    return isFirstFailure || (isFresh && sample.verdict === "unknown") ? { verdict: "works" } : sample;
  };

  return {
    run: async <T>(
      call: (answered: () => void) => Promise<T>,
      verdictOf: (ended: Ended<T>) => CallVerdict,
      signal?: AbortSignal,
    ): Promise<T> => {
      signal?.throwIfAborted();
      const made: { ended?: Promise<Ended<T>> } = {};
      const begin = async (): Promise<Sample> => {
        // Whoever has waited may have been let go of meanwhile.
        signal?.throwIfAborted();
        const { promise: answered, resolve } = Promise.withResolvers<void>();
        const ended: Promise<Ended<T>> = call(resolve).then(
          (value) => ({ ok: true, value }),
          (error: unknown) => ({ ok: false, error }),
        );
        made.ended = ended;
        return sampled(ended, answered, verdictOf);
      };
      try {
        await unlessAborted(policy.execute(begin), signal, () => made.ended === undefined);
      } catch (error) {
        if (error instanceof BrokenCircuitError)
          throw new CircuitOpen(Math.max(0, pause.leftMs()), pause.isRefused());
        if (!(error instanceof Uncounted)) throw error;
      }
      const end = await made.ended;
      if (end === undefined) throw new TypeError("the policy made no call");
      if (end.ok) return end.value;
      throw end.error;
    },
    waitMs: () => {
      if (policy.state !== CircuitState.Open || isFresh) return null;
      const left = pause.leftMs();
      return left > 0 ? left : null;
    },
    state: () => shown,
    resume: pause.resume,
    standing: () => ({ state: shown, sinceMs, nextTryMs: shown === "open" ? pause.untilMs() : null }),
  };
};

/** The end of a call that says nothing of the other side. */
class Uncounted extends Error {}

/** The work, or the signal's reason as long as the work only waits for others. */
const unlessAborted = async (
  work: Promise<unknown>,
  signal: AbortSignal | undefined,
  isWaiting: () => boolean,
): Promise<void> => {
  if (signal === undefined) return void (await work);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => {
    if (isWaiting()) reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  work.catch(() => undefined);
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
};
