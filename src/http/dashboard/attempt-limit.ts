import type { Clock } from "../../base/clock.ts";
import type { Secret } from "../../base/secret.ts";

/** What came of a token that somebody gave. */
type Attempt =
  | { readonly kind: "right" | "wrong" }
  /** Wrong, as so many before that this one is neither counted nor logged. */
  | { readonly kind: "held"; readonly waitMs: number };

/** Holds back who guesses. The right token is never held back, whoever else guessed from the same address. */
export type AttemptLimit = {
  /** Compares in constant time; without a secret nothing is right. `who` is an address. */
  readonly attempt: (who: string, secret: Secret | null, given: string) => Attempt;
};

/** Wrong tokens a minute from one address. */
const MOST_ATTEMPTS = 10;

const WINDOW_MS = 60_000;
const MAX_KNOWN = 10_000;

/**
 * Counts `most` wrong attempts a minute from one address, and ten times as many from all together, since
 * addresses are cheap. What is remembered is bounded.
 */
const createAttemptLimit = (clock: Clock, most: number): AttemptLimit => {
  const failures = new Map<string, readonly number[]>();
  let all: readonly number[] = [];
  const recent = (times: readonly number[]): readonly number[] =>
    times.filter((time) => time > clock.now() - WINDOW_MS);
  const wait = (times: readonly number[], limit: number): number => {
    const within = recent(times);
    const first = within[within.length - limit];
    return first === undefined ? 0 : Math.max(1, first + WINDOW_MS - clock.now());
  };
  const fail = (who: string): void => {
    const now = clock.now();
    all = [...recent(all), now].slice(-10 * most);
    failures.set(who, [...recent(failures.get(who) ?? []), now].slice(-most));
    if (failures.size <= MAX_KNOWN) return;
    for (const [known, times] of failures) {
      if (recent(times).length === 0 || failures.size > MAX_KNOWN) failures.delete(known);
    }
  };
  return {
    attempt: (who, secret, given) => {
      if (secret?.equals(given) === true) return { kind: "right" };
      const waitMs = Math.max(wait(failures.get(who) ?? [], most), wait(all, 10 * most));
      if (waitMs > 0) return { kind: "held", waitMs };
      fail(who);
      return { kind: "wrong" };
    },
  };
};

/** The limit for the admin token, over everything that takes it. */
export const createAdminLimit = (clock: Clock): AttemptLimit => createAttemptLimit(clock, MOST_ATTEMPTS);
