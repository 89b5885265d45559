import type { Clock } from "../base/clock.ts";
import { AttemptTimeout } from "./model-failure.ts";
import type { ModelTimeouts } from "./model-options.ts";

/** Watches the time of one attempt. */
export type Watchdog = Disposable & {
  /** Aborted with an AttemptTimeout when a limit is over, or with the caller's reason. */
  readonly signal: AbortSignal;
  /** Says that the server has shown that it works: by its answer's head, a ping, a piece of the body. */
  readonly seeSign: () => void;
  /** Says that the answer has begun: from now on `idleMs` is the limit of silence. */
  readonly seeText: () => void;
  /** Throws the AttemptTimeout when a limit is over. */
  readonly check: () => void;
};

type Deadline = { readonly limit: AttemptTimeout["limit"]; readonly ms: number; readonly at: number };

/** Starts the watch over one attempt; dispose it when the attempt has ended. */
export const startWatchdog = (timeouts: ModelTimeouts, clock: Clock, callerSignal: AbortSignal): Watchdog => {
  const stop = new AbortController();
  const timeout = new AbortController();
  const startedAt = clock.now();
  let lastSignAt = startedAt;
  let waiting: "firstTokenMs" | "idleMs" = "firstTokenMs";

  const nextDeadline = (): Deadline | undefined => {
    return ([waiting, "totalMs"] as const)
      .flatMap((limit) => {
        const ms = timeouts[limit];
        return ms === null ? [] : [{ limit, ms, at: (limit === "totalMs" ? startedAt : lastSignAt) + ms }];
      })
      .sort((a, b) => a.at - b.at)[0];
  };

  const watch = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const deadline = nextDeadline();
      // Without a limit of this phase it is checked again later: the next phase may have one.
      const waitMs = deadline === undefined ? 1_000 : deadline.at - clock.now();
      if (deadline !== undefined && waitMs <= 0) {
        timeout.abort(new AttemptTimeout(deadline.limit, deadline.ms));
        return;
      }
      // The phase may change meanwhile, to one with a shorter limit.
      await clock.sleep(Math.min(waitMs, timeouts.idleMs ?? waitMs), stop.signal);
    }
  };
  watch().catch(() => undefined);

  return {
    signal: AbortSignal.any([callerSignal, timeout.signal]),
    seeSign: () => {
      lastSignAt = clock.now();
    },
    seeText: () => {
      lastSignAt = clock.now();
      waiting = "idleMs";
    },
    check: () => timeout.signal.throwIfAborted(),
    [Symbol.dispose]: () => stop.abort(),
  };
};
