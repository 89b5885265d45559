import type { Clock } from "../base/clock.ts";
import { DifyError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { FlowEvent } from "../flow/flow-event.ts";
import type { FlowOutcome, FlowRequest } from "../review/flow-runner.ts";
import type { DifyApi } from "./dify-api.ts";
import type { FrameReader } from "./flow-events.ts";
import type { DifyLimits } from "./limits.ts";
import type { Masking } from "../review/mask-events.ts";
import { message } from "../messages/message.ts";
import type { RunObserver } from "../review/observe-run.ts";
import type { RunLife } from "./run-life.ts";
import type { RunRecord } from "./run-record.ts";

/** Everything that the steps of one run share. */
export type RunContext = {
  readonly api: DifyApi;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: DifyLimits;
  readonly workflowId: string | null;
  /** The end user towards Dify; unique for the run, so that the run can be found by it. */
  readonly user: string;
  readonly request: FlowRequest;
  readonly record: RunRecord;
  readonly reader: FrameReader;
  readonly masking: Masking;
  readonly observer: RunObserver;
  readonly life: RunLife;
};

/** Hands an event on, without the values that must not be shown. */
export const emit = (context: RunContext, event: FlowEvent): void => {
  const shown = context.masking.event(event);
  context.observer.see(shown);
  context.request.onEvent(shown);
};

/**
 * The outcome that an ending event stands for, without the values that must not be shown; null when its
 * status is none of an ended run.
 */
export const outcomeOf = (
  context: RunContext,
  event: Extract<FlowEvent, { event: "workflow_finished" }>,
): FlowOutcome | null => {
  const { status } = event;
  if (status === "scheduled" || status === "running" || status === "paused") return null;
  const error = event.error === null ? null : context.masking.message(event.error);
  return context.observer.complete({
    status,
    outputs: context.masking.value(event.outputs),
    error: status === "succeeded" ? null : error,
    usage: event.usage,
  });
};

/** A run that waits for a person: nobody will answer it, so it counts as failed and is ended. */
export const endPaused = async (context: RunContext): Promise<FlowOutcome> => {
  const entry = context.record.current();
  if (entry.state === "started" && entry.taskId !== null) {
    try {
      await context.api.stop(entry.taskId, entry.user, context.life.signal);
    } catch (error) {
      if (!(error instanceof DifyError)) throw error;
      context.logger.warn(
        { workflowRunId: entry.workflowRunId, code: error.code },
        "paused run was not stopped",
      );
    }
  }
  return {
    status: "failed",
    outputs: {},
    error: message("dify.waits-for-person"),
    usage: context.reader.finish({
      status: "paused",
      outputs: null,
      error: null,
      elapsed_time: null,
      total_tokens: null,
      total_steps: null,
    }).usage,
  };
};
