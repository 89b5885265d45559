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

/** Wrong tokens a minute from one address, and from all together, since addresses are cheap. */
const MOST_ATTEMPTS = 10;
const MOST_OF_ALL = 10 * MOST_ATTEMPTS;

const WINDOW_MS = 60_000;
const MAX_KNOWN = 10_000;

/** The limit for one token, over everything that takes it. What is remembered is bounded. */
export const createAttemptLimit = (clock: Clock): AttemptLimit => {
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
    all = [...recent(all), now].slice(-MOST_OF_ALL);
    failures.set(who, [...recent(failures.get(who) ?? []), now].slice(-MOST_ATTEMPTS));
    if (failures.size <= MAX_KNOWN) return;
    for (const [known, times] of failures) {
      if (recent(times).length === 0 || failures.size > MAX_KNOWN) failures.delete(known);
    }
  };
  return {
    attempt: (who, secret, given) => {
      if (secret?.equals(given) === true) return { kind: "right" };
      const waitMs = Math.max(wait(failures.get(who) ?? [], MOST_ATTEMPTS), wait(all, MOST_OF_ALL));
      if (waitMs > 0) return { kind: "held", waitMs };
      fail(who);
      return { kind: "wrong" };
    },
  };
};

/** What came of the bearer token in a header `Authorization`. Who sends none guesses nothing: it is wrong and not counted. */
export const attemptBearer = (
  limit: AttemptLimit,
  who: string,
  secret: Secret,
  authorization: string | undefined,
): Attempt => {
  const [, given] = /^bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
  return given === undefined ? { kind: "wrong" } : limit.attempt(who, secret, given);
};
