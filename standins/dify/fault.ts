/** The endpoints at which a fault can strike. */
export type Endpoint =
  | "run"
  | "detail"
  | "events"
  | "stop"
  | "parameters"
  | "logs"
  | "info"
  | "site"
  | "meta";

/** What becomes of a run whose stream a fault breaks. */
export type Fate =
  /** It ends as if nothing had been. */
  | "continues"
  /** Dify knows nothing of it any more. */
  | "forgotten"
  /** It is shown as running for ever. */
  | "stuck";

/** What is to go wrong. `afterEvents` counts the frames that are sent before it does. */
type FaultKind =
  /** An error answer instead of what was asked for. */
  | {
      readonly kind: "error-answer";
      readonly status: number;
      readonly code: string;
      readonly message?: string;
      readonly retryAfter?: string;
      /** The work is done all the same. */
      readonly runs?: boolean;
    }
  /** A proxy's page; the run goes on behind it. */
  | { readonly kind: "html"; readonly status: number; readonly runs: boolean }
  /** The connection is closed without an answer. */
  | { readonly kind: "reset"; readonly runs: boolean }
  /** Not one byte comes. */
  | { readonly kind: "hang"; readonly runs: boolean }
  /** The stream falls silent, without pings, and stays open. */
  | { readonly kind: "silence"; readonly afterEvents: number; readonly fate: Fate }
  /** The connection breaks. */
  | { readonly kind: "cut"; readonly afterEvents: number; readonly fate: Fate }
  /** The stream ends properly, but before `workflow_finished`. */
  | { readonly kind: "no-finish"; readonly fate: Fate }
  /** The connection breaks in the middle of a character. */
  | { readonly kind: "cut-in-character"; readonly fate: Fate }
  /** An `error` event; the stream is left open. Without a code it is the worker's, as of a wrong input. */
  | {
      readonly kind: "error-event";
      readonly afterEvents: number;
      readonly status: number;
      readonly code?: string;
      readonly message: string;
    }
  /**
   * The run's worker dies when so many of its events are out, and another takes its place: the stream stays
   * open without pings, the run is shown as running for ever and cannot be stopped.
   */
  | { readonly kind: "worker-dies"; readonly afterEvents: number }
  /** Frames that nobody understands, between the others. */
  | { readonly kind: "garbage" }
  /** Every answer waits. */
  | { readonly kind: "slow"; readonly ms: number }
  /** The stop is answered with success and not obeyed. */
  | { readonly kind: "stop-ignored" };

/** A fault with the place and the number of times that it strikes. */
export type Fault = FaultKind & { readonly at?: Endpoint; readonly times?: number };

/** The faults that are still to strike. */
export type FaultQueue = {
  readonly add: (fault: Fault) => void;
  /** The next fault for `endpoint`; without `at` a fault strikes runs, or stops where it is about them. */
  readonly take: (endpoint: Endpoint) => Fault | null;
  readonly clear: () => void;
};

const placeOf = (fault: Fault): Endpoint => fault.at ?? (fault.kind === "stop-ignored" ? "stop" : "run");

/** A queue in which every fault strikes `times` times (once without). */
export const createFaultQueue = (): FaultQueue => {
  let waiting: readonly { readonly fault: Fault; readonly left: number }[] = [];
  return {
    add: (fault) => {
      waiting = [...waiting, { fault, left: fault.times ?? 1 }];
    },
    take: (endpoint) => {
      const index = waiting.findIndex(({ fault }) => placeOf(fault) === endpoint);
      const found = waiting[index];
      if (found === undefined) return null;
      waiting = waiting.flatMap((item, at) => {
        if (at !== index) return [item];
        return item.left > 1 ? [{ fault: item.fault, left: item.left - 1 }] : [];
      });
      return found.fault;
    },
    clear: () => {
      waiting = [];
    },
  };
};
