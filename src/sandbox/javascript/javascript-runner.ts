import type { Json } from "../../base/json.ts";
import type { CodeRequest, NodeResult } from "../../flow/ports.ts";
import { codeFailure, MAX_RESULT_CHARS } from "../code-failure.ts";
import { parseResult } from "../parse-result.ts";
import { createWorkerPool } from "../worker-pool.ts";
import { JavaScriptAnswer } from "./javascript-messages.ts";
import type { JavaScriptJob } from "./javascript-messages.ts";

/** Limits of JavaScript code nodes. */
export type JavaScriptRunnerOptions = {
  /** How long one call may take; Dify's sandbox allows 15 s. */
  readonly timeLimitMs: number;
  /** Threads at once; further calls wait. */
  readonly concurrency: number;
};

const MEMORY_BYTES = 64 * 1024 * 1024;
const STACK_BYTES = 256 * 1024;
/** What the thread gets beyond the limit that the machine itself enforces, before it is ended. */
const GRACE_MS = 1000;

/** Runs `main(inputs)` in QuickJS in a worker thread; every call has a machine of its own. */
export type JavaScriptRunner = AsyncDisposable & {
  readonly run: (request: CodeRequest) => Promise<NodeResult<Json>>;
  readonly warmUp: () => void;
};

export const createJavaScriptRunner = (options: JavaScriptRunnerOptions): JavaScriptRunner => {
  const pool = createWorkerPool({
    file: new URL("javascript-worker.ts", import.meta.url),
    size: options.concurrency,
    timeLimitMs: options.timeLimitMs + GRACE_MS,
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  });
  const timeout = (): NodeResult<Json> => codeFailure(`error: timeout after ${options.timeLimitMs} ms`);

  return {
    run: async (request) => {
      const job: JavaScriptJob = {
        code: request.code,
        inputsJson: JSON.stringify(request.inputs),
        memoryBytes: MEMORY_BYTES,
        stackBytes: STACK_BYTES,
        timeLimitMs: options.timeLimitMs,
        maxResultChars: MAX_RESULT_CHARS,
      };
      const outcome = await pool.run(job, request.signal);
      if (outcome.kind === "timeout") return timeout();
      if (outcome.kind === "died") return codeFailure(`error: the sandbox ended (${outcome.reason})`);
      const answer = JavaScriptAnswer.parse(outcome.value);
      if (!answer.ok) return codeFailure(answer.message);
      const parsed = parseResult(answer.json);
      return parsed === null
        ? codeFailure("the result is too deep or no JSON")
        : { ok: true, value: parsed.value };
    },
    warmUp: pool.warmUp,
    [Symbol.asyncDispose]: async () => await pool[Symbol.asyncDispose](),
  };
};
