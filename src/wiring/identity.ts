import { describeError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { EventUser } from "../review/delivery-event.ts";
import type { Forge } from "../review/forge.ts";

/** Who we are at GitLab. */
export type Identity = {
  /** Null as long as GitLab was not heard of it; then nothing that is addressed to us is heard. */
  readonly current: () => EventUser | null;
  /**
   * Asks GitLab, so that a token that is no good shows at the start and not with the first review. A
   * GitLab that cannot be reached now does not keep us from taking deliveries. Never rejects, and does
   * nothing once it is known.
   */
  readonly learn: (forge: Pick<Forge, "currentUser">, logger: Logger, signal?: AbortSignal) => Promise<void>;
  /** Ends every question that GitLab has not answered; nothing is asked afterwards. */
  readonly stop: () => void;
};

/** An identity that is not known yet. */
export const createIdentity = (): Identity => {
  let user: EventUser | null = null;
  const stopping = new AbortController();
  return {
    current: () => user,
    learn: async (forge, logger, signal) => {
      if (user !== null || stopping.signal.aborted) return;
      const signals = signal === undefined ? [stopping.signal] : [stopping.signal, signal];
      try {
        user = await forge.currentUser(AbortSignal.any(signals));
        logger.info({ username: user.username }, "Authenticated to GitLab");
      } catch (error) {
        if (stopping.signal.aborted) return;
        logger.warn({ error: describeError(error) }, "GitLab rejected GITLAB_TOKEN or is unreachable");
      }
    },
    stop: () => stopping.abort(new Error("Reviewflow stops")),
  };
};
