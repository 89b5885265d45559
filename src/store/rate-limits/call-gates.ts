import type { CallGate } from "../../base/call-gate.ts";
import type { Clock } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { RateLimits } from "./rate-limits.ts";

/** What the gates of one process share. Times are in milliseconds. */
export type CallGatesOptions = {
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For how long what was taken from the store is believed; 2,000 when left out. */
  readonly leaseMs?: number;
};

/** The gates of one process, by the name of the limit. */
export type CallGates = {
  /** The gate of a name; the same one for the same name. The first caller's `perMinute` counts. */
  readonly gateOf: (name: string, perMinute: number | null) => CallGate;
  /** Has every gate ask the store again: somebody was held off. */
  readonly forgetLeases: () => void;
};

/** Permits that are fetched at once make up so many milliseconds, so that a busy limit is asked once in them. */
const LEASE_OF_LIMIT_MS = 1_000;

/** So many calls at most pass without a limit before the store is asked again. */
const UNLIMITED = 1_000;

/** Not everybody comes back at the same instant. */
const JITTER_MS = 250;

/** What one gate knows. */
type Knowledge = { permits: number; untilMs: number; heldUntilMs: number; nextMs: number };

/**
 * Gates over the store's limits. The store is asked once in a lease, not once in a call; what is left of a
 * lease when it ends is lost, so that all processes together never send more than the limit. Where the
 * store does not answer calls pass: it is not what the limits protect.
 */
export const createCallGates = (options: CallGatesOptions): CallGates => {
  const gates = new Map<string, { readonly gate: CallGate; readonly forget: () => void }>();
  return {
    gateOf: (name, perMinute) => {
      const known = gates.get(name);
      if (known !== undefined) return known.gate;
      const made = createGate(name, perMinute, options);
      gates.set(name, made);
      return made.gate;
    },
    forgetLeases: () => {
      for (const { forget } of gates.values()) forget();
    },
  };
};

/** Asks the store for permits. Never rejects. */
const refresh = async (
  known: Knowledge,
  name: string,
  perMinute: number | null,
  { limits, clock, logger, leaseMs = 2_000 }: CallGatesOptions,
): Promise<void> => {
  const wanted =
    perMinute === null ? UNLIMITED : Math.max(1, Math.floor((perMinute * LEASE_OF_LIMIT_MS) / 60_000));
  const askedMs = clock.now();
  known.untilMs = askedMs + leaseMs;
  try {
    const { granted, nextMs, heldMs } = await limits.take(name, { perMinute, wanted });
    // A hold of our own may not have reached the store yet.
    known.heldUntilMs = Math.max(known.heldUntilMs, heldMs === 0 ? 0 : askedMs + heldMs);
    known.nextMs = nextMs;
    known.permits = granted;
  } catch (error) {
    logger.warn({ limit: name, error: describeError(error) }, "A rate limit could not be read");
    known.permits = wanted;
  }
};

const createGate = (name: string, perMinute: number | null, options: CallGatesOptions) => {
  const { limits, clock, logger } = options;
  const known: Knowledge = { permits: 0, untilMs: 0, heldUntilMs: 0, nextMs: 0 };
  let asking: Promise<void> | null = null;
  const ask = (): Promise<void> =>
    (asking ??= refresh(known, name, perMinute, options).finally(() => (asking = null)));

  const pass: CallGate["pass"] = async ({ maxWaitMs, signal }) => {
    for (;;) {
      signal?.throwIfAborted();
      const heldMs = known.heldUntilMs - clock.now();
      if (heldMs > maxWaitMs) return { kind: "later", waitMs: heldMs };
      if (heldMs > 0) {
        await clock.sleep(heldMs + Math.random() * JITTER_MS, signal);
        continue;
      }
      if (known.untilMs <= clock.now() || known.permits === 0) await ask();
      if (known.heldUntilMs > clock.now()) continue;
      // What was just fetched counts, however long fetching it took.
      if (known.permits > 0) {
        known.permits -= 1;
        return { kind: "go" };
      }
      await clock.sleep(Math.max(known.nextMs, 1), signal);
    }
  };

  const forget = (): void => {
    known.permits = 0;
  };
  const holdOff = (waitMs: number): void => {
    known.heldUntilMs = Math.max(known.heldUntilMs, clock.now() + waitMs);
    forget();
    limits
      .holdOff(name, waitMs)
      .catch((error: unknown) =>
        logger.warn({ limit: name, error: describeError(error) }, "A rate limit could not be shared"),
      );
  };
  return { gate: { pass, holdOff } satisfies CallGate, forget };
};
