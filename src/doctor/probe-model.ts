import { type Message, message } from "../messages/message.ts";
import type { Clock } from "../base/clock.ts";
import { messageOfError, ReviewflowError } from "../base/errors.ts";
import type { ModelFacts } from "./diagnose-model.ts";

/** A model to ask; `ask` makes one small call and gives why it failed, or null. */
export type ModelSubject = {
  readonly name: string;
  readonly ask: (signal: AbortSignal) => Promise<string | Message | null>;
};

/** Asks a model something small. */
export const probeModel = async (
  { name, ask }: ModelSubject,
  clock: Clock,
  timeoutMs: number,
): Promise<ModelFacts> => {
  const signal = AbortSignal.timeout(timeoutMs);
  const startedMs = clock.now();
  try {
    const problem = await ask(signal);
    if (problem !== null) return { name, answer: { ok: false, message: problem } };
    return { name, answer: { ok: true, elapsedMs: Math.round(clock.now() - startedMs) } };
  } catch (error) {
    if (signal.aborted)
      return {
        name,
        answer: { ok: false, message: message("doctor.flow.no-response", { seconds: timeoutMs / 1_000 }) },
      };
    if (!(error instanceof ReviewflowError)) throw error;
    return { name, answer: { ok: false, message: messageOfError(error) } };
  }
};
