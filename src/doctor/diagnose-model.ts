import { type Message, message } from "../messages/message.ts";
import { type Diagnosis, fail, ok } from "./diagnosis.ts";

/** How a small question to a model ended. */
export type ModelFacts = {
  /** The operator's name for it. */
  readonly name: string;
  readonly answer:
    | { readonly ok: true; readonly elapsedMs: number }
    | { readonly ok: false; readonly message: string | Message };
};

/** Diagnoses a model by one small real call. */
export const diagnoseModel = ({ name, answer }: ModelFacts): Diagnosis =>
  answer.ok
    ? ok("model", message("doctor.model.ok", { name, elapsed: answer.elapsedMs }))
    : fail(
        "model",
        message("doctor.model.failed", { name, message: answer.message }),
        message("doctor.model.fix", { name }),
      );
