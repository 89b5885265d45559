import { type Breaker, type CallVerdict, CircuitOpen, type Ended } from "../base/circuit-breaker.ts";
import { DifyError } from "../base/errors.ts";
import type { Journal } from "../base/journal.ts";
import { message } from "../messages/message.ts";
import type { FlowInput, FlowRunner } from "../review/flow-runner.ts";
import { MODEL_BUSY } from "./dify-failure.ts";
import { openRunRecord } from "./run-record.ts";

/** The code of the failure with which a call ends at once while the breaker of its server is open. */
export const DIFY_PAUSED = "dify-paused";

/**
 * Whether an error tells that the server does not work: it could not be reached, hung up, or answered with
 * 5xx. That it is busy (429), that a model behind it is, or that it refuses a request says nothing of the kind.
 */
export const isDifyOutage = (error: unknown): boolean =>
  error instanceof DifyError &&
  error.retryable &&
  error.code !== MODEL_BUSY &&
  (error.status === null || error.status >= 500);

/**
 * Whether Dify may have begun a run for a request: certainly not as long as no request has left, or each
 * was refused. What a run may have begun, it may have posted already.
 */
export const mayHaveBegun = async (journal: Journal): Promise<boolean> =>
  (await openRunRecord(journal)).current().state !== "none";

/**
 * A runner that leaves its server alone while the server's breaker is open: calls then end at once with a
 * DifyError `dify-paused` that says when to come back. The probe after that time is a small request, not
 * a run. Apps of one server share its breaker.
 */
export const underBreaker = (runner: FlowRunner, breaker: Breaker): FlowRunner => {
  const call = async <T>(
    signal: AbortSignal | undefined,
    work: (answered: () => void) => Promise<T>,
  ): Promise<T> => {
    const verdictOf = (ended: Ended<T>): CallVerdict => {
      if (ended.ok) return "works";
      if (signal?.aborted === true) return "unknown";
      return isDifyOutage(ended.error) ? "fails" : "works";
    };
    try {
      return await breaker.run(work, verdictOf, signal);
    } catch (error) {
      throw error instanceof CircuitOpen ? leftAlone(error) : error;
    }
  };
  const describe = (signal?: AbortSignal): Promise<readonly FlowInput[]> =>
    call(signal, () => runner.describe(signal));
  return {
    describe,
    run: async (request) => {
      // A run takes minutes; while it does, others would not know that the server is back.
      if (breaker.state() !== "closed") await describe(request.signal);
      return call(request.signal, () => runner.run(request));
    },
  };
};

const leftAlone = ({ waitMs }: CircuitOpen): DifyError =>
  new DifyError(message("dify.left-alone", { seconds: Math.ceil(waitMs / 1_000) }), {
    code: DIFY_PAUSED,
    status: null,
    retryable: true,
    retryAfterMs: waitMs,
    untried: true,
  });
