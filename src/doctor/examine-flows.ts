import { message } from "../messages/message.ts";
import { messageOfError, ReviewflowError } from "../base/errors.ts";
import type { FlowInput } from "../review/flow-runner.ts";
import { type Diagnosis, ok } from "./diagnosis.ts";
import { type FlowFacts, diagnoseFlow, diagnoseUnreadableFlow } from "./diagnose-flow.ts";

/** A flow to examine. */
export type FlowSubject = Omit<FlowFacts, "declared"> & {
  readonly isDify: boolean;
  /** Asks for the inputs that it declares: a real call where it runs on Dify. */
  readonly describe: (signal: AbortSignal) => Promise<readonly FlowInput[]>;
};

/** Looks at what flows declare. Yields what it finds as it finds it. */
export async function* examineFlows(
  flows: readonly FlowSubject[],
  timeoutMs: number,
): AsyncGenerator<Diagnosis> {
  for (const { isDify, describe, ...facts } of flows) {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const declared = await describe(signal);
      if (isDify) yield ok("dify", message("doctor.dify.ok", { flow: facts.name }));
      yield* diagnoseFlow({ ...facts, declared });
    } catch (error) {
      if (!(error instanceof ReviewflowError) && !signal.aborted) throw error;
      const why = signal.aborted
        ? message("doctor.flow.no-response", { seconds: timeoutMs / 1_000 })
        : messageOfError(error);
      yield diagnoseUnreadableFlow(facts.name, why, isDify);
    }
  }
}
