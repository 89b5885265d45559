import { createMemoryJournal, type Journal } from "../base/journal.ts";
import { NO_USAGE } from "../flow/flow-event.ts";
import { NO_HISTORY } from "../review/decide.ts";
import type { NewRunEvent } from "../store/run-event.ts";
import type { Claim } from "../store/store.ts";

/**
 * A run that lives as long as this process: its first and only attempt, over a change that nobody has
 * reviewed before. What happens in its flow calls goes to `onEvent`.
 */
export const createLocalClaim = (options: {
  readonly flow: string;
  readonly headSha: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
  readonly onEvent: (event: NewRunEvent) => void;
  /** What of the run is known before it starts; nothing when left out. */
  readonly journal?: Journal;
}): Claim => {
  const { flow, headSha, nowMs, signal, onEvent, journal = createMemoryJournal() } = options;
  return {
    run: {
      id: "local",
      kind: "review",
      deliveryId: "local",
      projectId: 0,
      projectPath: "local",
      iid: 0,
      headSha,
      flow,
      trigger: "opened",
      state: "active",
      reason: null,
      waitingFor: null,
      attempts: 1,
      waits: 0,
      createdAtMs: nowMs,
      startedAtMs: nowMs,
      finishedAtMs: null,
      nextAttemptAtMs: null,
      event: {},
      result: null,
      usage: NO_USAGE,
    },
    token: null,
    journal,
    history: async () => NO_HISTORY,
    reviews: async () => undefined,
    memory: createMemoryJournal(),
    remembered: async () => [],
    record: async (events) => {
      for (const event of events) onEvent(event);
      // Nothing is kept, so that no limit on what is kept is ever reached.
      return 0;
    },
    signal,
  };
};
