import { DifyError } from "../base/errors.ts";
import { RunCancelled } from "../review/flow-runner.ts";

/** Bounds the life of one run on our side: its signal is aborted by the caller or by a limit. */
export type RunLife = Disposable & {
  readonly signal: AbortSignal;
  /** The run has left Dify's queue, or was found; from now on `totalMs` counts. */
  readonly started: (remainingMs: number) => void;
  /** A request is under way whose run has no name yet; a cancel waits a little for the name. */
  readonly asking: (isAsking: boolean) => void;
};

const timeout = (code: string, message: string): DifyError =>
  new DifyError(message, { code, status: null, retryable: false });

/**
 * Joins the caller's signal with our limits. A cancel while Dify has not yet told the run's name is held
 * back for up to `stopMs`: without the name the run could not be stopped. Every other abort acts at once.
 */
export const createRunLife = (
  outer: AbortSignal,
  limits: { readonly queueMs: number; readonly stopMs: number },
): RunLife => {
  const inner = new AbortController();
  let asking = false;
  let patience: NodeJS.Timeout | undefined;
  let limit = setTimeout(() => {
    const message = `The run waited in Dify's queue for more than ${limits.queueMs / 1000} s; give Dify more workers (CELERY_WORKER_AMOUNT)`;
    inner.abort(timeout("dify-queue-timeout", message));
  }, limits.queueMs);
  const end = (): void => inner.abort(outer.reason);
  const onAbort = (): void => {
    if (asking && outer.reason instanceof RunCancelled) patience = setTimeout(end, limits.stopMs);
    else end();
  };
  outer.addEventListener("abort", onAbort, { once: true });
  if (outer.aborted) onAbort();
  return {
    signal: inner.signal,
    started: (remainingMs) => {
      asking = false;
      clearTimeout(limit);
      limit = setTimeout(() => {
        const message = `The run did not end in time on Dify; its limit is raised by the flow's timeout setting and by WORKFLOW_MAX_EXECUTION_TIME in Dify`;
        inner.abort(timeout("dify-run-timeout", message));
      }, remainingMs);
      if (outer.aborted) end();
    },
    asking: (isAsking) => {
      asking = isAsking;
    },
    [Symbol.dispose]: () => {
      outer.removeEventListener("abort", onAbort);
      clearTimeout(limit);
      clearTimeout(patience);
    },
  };
};
