import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import type { Exact } from "../../flow/exact.ts";
import type { CodeRequest, NodeResult } from "../../flow/ports.ts";
import { codeFailure, MAX_RESULT_CHARS, readResult, writeInputs } from "../result.ts";
import { createWorkerPool } from "../worker-pool.ts";
import { message } from "../../messages/message.ts";
import { StoredMessage } from "../../base/reason.ts";

/** What the host asks of the JavaScript worker: run this once, within these limits. */
export type JavaScriptJob = {
  readonly code: string;
  readonly inputsJson: string;
  readonly memoryBytes: number;
  readonly stackBytes: number;
  readonly timeLimitMs: number;
  /** Longest result, as JSON text. */
  readonly maxResultChars: number;
};

const Answer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), json: z.string() }),
  z.object({ ok: z.literal(false), problem: z.union([z.string(), StoredMessage]) }),
]);
/** What the worker answers: the result as JSON text, or what went wrong. */
export type JavaScriptAnswer = z.infer<typeof Answer>;

/** Limits of JavaScript code nodes. */
export type JavaScriptRunnerOptions = {
  /** How long one call may compute and wait for its timers; Dify's sandbox allows 15 s. */
  readonly timeLimitMs: number;
  /** Threads at once; further calls wait. */
  readonly concurrency: number;
  /** Tells when threads have had nothing to do for long enough. */
  readonly clock: Clock;
};

const MEMORY_BYTES = 64 * 1024 * 1024;
const STACK_BYTES = 256 * 1024;
/** What the thread gets beyond the limit that the machine itself enforces, before it is ended. */
const GRACE_MS = 1000;

/** Runs `main(inputs)` in QuickJS in a worker thread; every call has a machine of its own. */
export type JavaScriptRunner = AsyncDisposable & {
  readonly run: (request: CodeRequest) => Promise<NodeResult<Exact>>;
  readonly warmUp: () => void;
};

export const createJavaScriptRunner = (options: JavaScriptRunnerOptions): JavaScriptRunner => {
  const pool = createWorkerPool({
    file: new URL("javascript-worker.ts", import.meta.url),
    size: options.concurrency,
    timeLimitMs: options.timeLimitMs + GRACE_MS,
    clock: options.clock,
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  });
  const timeout = (): NodeResult<Exact> =>
    codeFailure(message("sandbox.timeout", { ms: options.timeLimitMs }));

  return {
    run: async (request) => {
      const job: JavaScriptJob = {
        code: request.code,
        inputsJson: await writeInputs(request.inputs),
        memoryBytes: MEMORY_BYTES,
        stackBytes: STACK_BYTES,
        timeLimitMs: options.timeLimitMs,
        maxResultChars: MAX_RESULT_CHARS,
      };
      const outcome = await pool.run(job, request.signal);
      if (outcome.kind === "timeout") return timeout();
      if (outcome.kind === "died") return codeFailure(message("sandbox.ended", { reason: outcome.reason }));
      const answer = Answer.parse(outcome.value);
      if (!answer.ok) return codeFailure(answer.problem);
      const read = await readResult(answer.json);
      return read === null
        ? codeFailure(message("sandbox.result-unreadable"))
        : { ok: true, value: read.value };
    },
    warmUp: pool.warmUp,
    [Symbol.asyncDispose]: async () => await pool[Symbol.asyncDispose](),
  };
};
