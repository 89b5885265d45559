import { type Clock, systemClock } from "../base/clock.ts";
import { describeError, messageOfError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { FlowEvent } from "../flow/flow-event.ts";
import type { RunnerLayer } from "../review/compose-runner.ts";
import type { FlowOutcome } from "../review/flow-runner.ts";
import { type CallPart, MAX_RUN_EVENTS, type NewRunEvent } from "../store/run-event.ts";
import type { Claim } from "../store/store.ts";
import { type JsonBounds, SHOWN_BOUNDS, TIGHT_BOUNDS, cutText } from "./bound-json.ts";
import { cutStated, toRunEvent } from "./to-run-event.ts";

/** A call of a flow within a run. */
export type FlowCall = {
  /** Names the question within the run. */
  readonly key: string;
  readonly part: CallPart;
  /** The files that the flow is shown; empty when it is not shown some of them. */
  readonly files: readonly string[];
  /** Of the flow; null when it is not known. */
  readonly digest: string | null;
};

/** Keeps what happens in the flow calls of one run. */
export type EventRecorder = {
  /**
   * Runs `call` and keeps what it tells to the function that it is given. Comes to what `call` comes to:
   * recording neither waits nor fails.
   */
  readonly during: (
    about: FlowCall,
    call: (onEvent: (event: FlowEvent) => void) => Promise<FlowOutcome>,
  ) => Promise<FlowOutcome>;
};

/** A runner of which the recorder keeps one call of a run. */
export const recordedBy =
  (recorder: EventRecorder, about: FlowCall): RunnerLayer =>
  (runner) => ({
    describe: runner.describe,
    run: (request) =>
      recorder.during(about, (keep) =>
        runner.run({
          ...request,
          onEvent: (event) => {
            keep(event);
            request.onEvent(event);
          },
        }),
      ),
  });

/** How long an event waits for company at most; a crash loses no more than that, in milliseconds. */
const GATHER_MS = 400;
const MOST_IN_A_BATCH = 200;
/** Waiting for a database that does not answer, besides beginnings and ends of calls; more are left out. */
const MOST_WAITING = 1_000;
/** Of the events of a run, kept free for the beginnings and ends of calls. */
const FOR_CALLS = 200;
/** So many events of a run are kept in full; what nodes took and gave is cut shorter in the others. */
const MOST_IN_FULL = 400;
const MOST_FAILURES = 5;
const PAUSE_MS = 2_000;
const MOST_FILES = 20;
const LONGEST_PATH = 300;

/** A recorder for the run of `claim`. */
export const createEventRecorder = (
  claim: Pick<Claim, "record" | "run">,
  logger: Logger,
  clock: Clock = systemClock,
): EventRecorder => {
  const journal = createEventBuffer(claim.record, logger);
  return {
    during: async (about, call) => {
      const callId = newId(clock.now());
      const startedAtMs = clock.now();
      let omitted = 0;
      const add = (event: NewRunEvent): void => {
        if (!journal.add(event)) omitted += 1;
      };
      const end = (
        ending: Pick<NewRunEvent & { kind: "call-finished" }, "status" | "error" | "usage" | "fallbackUsed">,
      ) => {
        const atMs = clock.now();
        add({ atMs, callId, kind: "call-finished", ...ending, elapsedMs: atMs - startedAtMs, omitted });
        journal.flush();
      };
      add(startOf(about, { atMs: startedAtMs, callId, attempt: claim.run.attempts }));
      try {
        const outcome = await call((event) => {
          const kept = toRunEvent(event, { callId, atMs: clock.now() }, journal.bounds());
          if (kept !== null) add(kept);
        });
        const { status, error, usage, fallbackUsed } = outcome;
        end({
          status,
          usage,
          error: error === null ? null : cutStated(error),
          ...(fallbackUsed === undefined ? {} : { fallbackUsed }),
        });
        return outcome;
      } catch (error) {
        end({ status: "interrupted", error: cutStated(messageOfError(error)), usage: null });
        throw error;
      }
    },
  };
};

const startOf = (
  { key, part, files, digest }: FlowCall,
  call: { readonly atMs: number; readonly callId: string; readonly attempt: number },
): NewRunEvent => ({
  ...call,
  kind: "call-started",
  key,
  part,
  files: files.slice(0, MOST_FILES).map((path) => cutText(path, LONGEST_PATH)),
  fileCount: files.length,
  digest,
});

/** Events on their way to the store. */
type EventBuffer = {
  /** False when the event is left out, because there are too many. */
  readonly add: (event: NewRunEvent) => boolean;
  /** How much of a value is kept now. */
  readonly bounds: () => JsonBounds;
  /** Writes what waits now. */
  readonly flush: () => void;
};

const createEventBuffer = (record: Claim["record"], logger: Logger): EventBuffer => {
  const waiting: NewRunEvent[] = [];
  let kept = 0;
  let failures = 0;
  let isWriting = false;
  let timer: NodeJS.Timeout | null = null;

  const schedule = (ms: number): void => {
    timer ??= setTimeout(flush, ms).unref();
  };
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MOST_IN_A_BATCH);
      try {
        kept = await record(batch);
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1) logger.warn({ error: describeError(error) }, "Events of a flow not kept yet");
        if (failures >= MOST_FAILURES) waiting.splice(0, batch.length);
        return;
      }
      waiting.splice(0, batch.length);
    }
  };
  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (isWriting || waiting.length === 0) return;
    isWriting = true;
    void write().finally(() => {
      isWriting = false;
      if (waiting.length > 0) schedule(failures > 0 ? PAUSE_MS : GATHER_MS);
    });
  };
  return {
    add: (event) => {
      const isOfCall = event.kind === "call-started" || event.kind === "call-finished";
      const spare = isOfCall ? FOR_CALLS : 0;
      if (waiting.length >= MOST_WAITING + spare) return false;
      if (kept + waiting.length >= MAX_RUN_EVENTS - FOR_CALLS + spare) return false;
      waiting.push(event);
      if (waiting.length >= MOST_IN_A_BATCH && failures === 0) flush();
      else schedule(GATHER_MS);
      return true;
    },
    bounds: () => (kept + waiting.length < MOST_IN_FULL ? SHOWN_BOUNDS : TIGHT_BOUNDS),
    flush,
  };
};
