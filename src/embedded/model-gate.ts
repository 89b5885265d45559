import { ModelError } from "../base/errors.ts";
import { message } from "../messages/message.ts";
import type { FlowRunner } from "../review/flow-runner.ts";

/** The code of the failure with which a run ends at once while a model that it needs is left alone. */
const MODEL_PAUSED = "model-paused";

/**
 * A runner that begins no run while a model that its flow needs would not be asked: the nodes would fail
 * one after the other, and the flow with them. `isPaused` tells which and for how long, in
 * milliseconds; null when every model may be asked. Throws a ModelError `model-paused` that says when to come back.
 */
export const behindModelGate = (
  runner: FlowRunner,
  isPaused: () => { readonly model: string; readonly waitMs: number } | null,
): FlowRunner => ({
  describe: runner.describe,
  run: async (request) => {
    const paused = isPaused();
    if (paused === null) return runner.run(request);
    const { model: name, waitMs } = paused;
    throw new ModelError(message("model.left-alone", { name, seconds: Math.ceil(waitMs / 1_000) }), {
      code: MODEL_PAUSED,
      retryable: true,
      retryAfterMs: waitMs,
      untried: true,
      outside: { peer: { kind: "model", name }, verdict: "away" },
    });
  },
});
