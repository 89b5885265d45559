import type { Clock } from "../base/clock.ts";
import { ReviewResult } from "../review/review-result.ts";
import type { AcceptRequest, Claim, Settlement, Store, WorkOptions } from "../store/store.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

type Observation = Pick<Telemetry, "metrics" | "tracing"> & { readonly clock: Clock };

/** Under this key of a run's event the trace goes with it: through the queue, a restart, another process. */
const TRACEPARENT = "traceparent";

/**
 * A store that tells of the runs that pass through it, and that carries the trace of a delivery over to
 * the attempts of its run. For its callers nothing changes.
 */
export const observeStore = <Observed extends Store>(
  store: Observed,
  observation: Observation,
): Observed => ({
  ...store,
  accept: (request) => accept(request, store.accept, observation),
  work: (options) => store.work(observeWork(options, observation)),
});

/** A run that no delivery of this moment asks for begins a trace of its own, which its attempts share. */
const accept = (
  request: AcceptRequest,
  next: Store["accept"],
  observation: Observation,
): ReturnType<Store["accept"]> => {
  const { tracing } = observation;
  const go = () => next(withTrace(request, observation));
  return tracing.traceparent() === null ? tracing.spanFrom(null, { name: "accept" }, go) : go();
};

const withTrace = (request: AcceptRequest, { tracing }: Observation): AcceptRequest => {
  const traceparent = tracing.traceparent();
  if (traceparent === null || request.run === null) return request;
  return { ...request, run: { ...request.run, event: { ...request.run.event, [TRACEPARENT]: traceparent } } };
};

const observeWork = (options: WorkOptions, observation: Observation): WorkOptions => ({
  ...options,
  handle: (claim) => observeAttempt(claim, options.handle, observation),
  onSettled: (run, state) => {
    options.onSettled?.(run, state);
    if (state === "queued" || state === "retrying") return;
    const elapsedMs = observation.clock.now() - run.createdAtMs;
    observation.metrics.runEnded({ flow: run.flow, state, elapsedMs });
  },
});

const observeAttempt = async (
  claim: Claim,
  handle: WorkOptions["handle"],
  { metrics, tracing, clock }: Observation,
): Promise<Settlement> => {
  const { run } = claim;
  const startedMs = clock.now();
  metrics.runStarted(run.flow, run.attempts <= 1 ? startedMs - run.createdAtMs : null);
  const attributes = {
    "reviewflow.run.id": run.id,
    "reviewflow.run.attempt": run.attempts,
    "reviewflow.flow": run.flow,
    "reviewflow.trigger": run.trigger,
    "reviewflow.project.id": run.projectId,
    "reviewflow.merge_request.iid": run.iid,
  };
  let outcome = "failed";
  try {
    return await tracing.spanFrom(
      run.event[TRACEPARENT],
      { name: "run", kind: "consumer", attributes },
      async (span) => {
        const settlement = await handle(claim);
        outcome = settlement.state;
        span.set({ "reviewflow.run.outcome": outcome });
        if (settlement.state === "failed" || settlement.state === "retry") span.end(settlement.reason.code);
        if ("result" in settlement) countThreads(settlement.result, metrics);
        return settlement;
      },
    );
  } finally {
    metrics.attemptEnded({ flow: run.flow, outcome, elapsedMs: clock.now() - startedMs });
  }
};

/** The threads of a review by findings; other contracts leave no such result. */
const countThreads = (result: unknown, metrics: Telemetry["metrics"]): void => {
  const parsed = ReviewResult.pick({ kind: true, counts: true }).safeParse(result);
  if (parsed.success) metrics.threads(pickThreads(parsed.data.counts));
};

const pickThreads = ({ opened, kept, resolved, folded, refused }: ReviewResult["counts"]) => ({
  opened,
  kept,
  resolved,
  folded,
  refused,
});
