import { DifyError } from "../base/errors.ts";
import { message } from "../messages/message.ts";
import { RunCancelled } from "../review/flow-runner.ts";

/** Bounds the life of one run on our side: its signal is aborted by the caller or by a limit. */
export type RunLife = Disposable & {
  readonly signal: AbortSignal;
  /** The run is asked for; for `remainingMs` it may wait until a worker of Dify begins it. */
  readonly queued: (remainingMs: number) => void;
  /** A worker has begun the run, or it was found; from now on `remainingMs` counts. */
  readonly started: (remainingMs: number) => void;
  /** Whether a stream is open that will name the run; a cancel then waits a little for the name. */
  readonly naming: (isNaming: boolean) => void;
  /** The run's names are known, or it is followed without a stream: a cancel that waited acts now. */
  readonly named: () => void;
  /** Resolves when a cancelled run has not got a name in time: the caller waits no longer. */
  readonly abandoned: Promise<void>;
};

const timeout = (code: "queue-timeout" | "run-timeout", ms: number): DifyError =>
  new DifyError(message(`dify.${code}`, { seconds: ms / 1_000 }), {
    code: `dify-${code}`,
    status: null,
    retryable: false,
  });

/**
 * Joins the caller's signal with our limits. A cancel while a stream is open that has not named the run
 * yet acts once the name is there, since the run can only be stopped by it; after `stopMs` the caller is
 * released (`abandoned`) and the stream stays open until the run begins. Every other abort acts at once.
 */
export const createRunLife = (
  outer: AbortSignal,
  limits: { readonly queueMs: number; readonly totalMs: number; readonly stopMs: number },
): RunLife => {
  const inner = new AbortController();
  const { promise: abandoned, resolve: abandon } = Promise.withResolvers<void>();
  let isNaming = false;
  let limit: NodeJS.Timeout | undefined;
  let patience: NodeJS.Timeout | undefined;
  const allow = (ms: number, failure: () => DifyError): void => {
    clearTimeout(limit);
    limit = setTimeout(() => inner.abort(failure()), Math.max(0, ms));
  };
  const onAbort = (): void => {
    if (isNaming && outer.reason instanceof RunCancelled) patience = setTimeout(abandon, limits.stopMs);
    else inner.abort(outer.reason);
  };
  outer.addEventListener("abort", onAbort, { once: true });
  if (outer.aborted) onAbort();
  return {
    signal: inner.signal,
    queued: (remainingMs) => allow(remainingMs, () => timeout("queue-timeout", limits.queueMs)),
    started: (remainingMs) => allow(remainingMs, () => timeout("run-timeout", limits.totalMs)),
    naming: (naming) => {
      isNaming = naming;
    },
    named: () => {
      isNaming = false;
      clearTimeout(patience);
      if (outer.aborted) inner.abort(outer.reason);
    },
    abandoned,
    [Symbol.dispose]: () => {
      outer.removeEventListener("abort", onAbort);
      clearTimeout(limit);
      clearTimeout(patience);
    },
  };
};
