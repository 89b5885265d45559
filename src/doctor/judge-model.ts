import { type Diagnosis, fail, ok } from "./diagnosis.ts";

/** How a small question to a model ended. */
export type ModelFacts = {
  /** The operator's name for it. */
  readonly name: string;
  readonly answer:
    | { readonly ok: true; readonly elapsedMs: number }
    | { readonly ok: false; readonly message: string };
};

/** Judges a model by one small real call. */
export const judgeModel = ({ name, answer }: ModelFacts): Diagnosis =>
  answer.ok
    ? ok("model", `The model ${name} answered in ${answer.elapsedMs} ms`)
    : fail(
        "model",
        `The model ${name} does not answer: ${answer.message}`,
        `Check models.${name}: its address (base_url, MODEL_BASE_URL), its key (api_key, MODEL_API_KEY) and its model name (model, MODEL_NAME); a server of your own must run and have the model loaded`,
      );
