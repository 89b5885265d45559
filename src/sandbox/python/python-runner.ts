import { z } from "zod";
import { parseJson } from "../../base/json.ts";
import type { Json } from "../../base/json.ts";
import type { CodeRequest, HttpClient, NodeResult } from "../../flow/ports.ts";
import { codeFailure, MAX_RESULT_CHARS } from "../code-failure.ts";
import { createGate } from "../gate.ts";
import { parseResult } from "../parse-result.ts";
import { createSendForPython } from "./python-http.ts";
import type { PythonOutcome, PythonProcess } from "./python-process.ts";
import { createSpareProcesses } from "./spare-processes.ts";

/** Limits of Python code nodes. */
export type PythonRunnerOptions = {
  /** Makes the requests of Python's `requests`; null refuses them all. */
  readonly http: HttpClient | null;
  /** How long one call may take from its start, requests included; Dify's sandbox allows 15 s. */
  readonly timeLimitMs: number;
  /** Processes that run code at once; further calls wait. */
  readonly concurrency: number;
  /** Path of the Node that the children run on. */
  readonly nodePath: string;
};

/**
 * Runs `main(**inputs)` in a process of its own, taken from a warm spare: no call sees anything of
 * another, whatever the code did to its interpreter.
 */
export type PythonRunner = AsyncDisposable & {
  readonly run: (request: CodeRequest) => Promise<NodeResult<Json>>;
  /** Boots the first interpreter and makes the spare; resolves when it is ready. */
  readonly warmUp: () => Promise<void>;
};

const Answer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), value: z.string() }),
  z.object({ ok: z.literal(false), message: z.string() }),
]);

const readOutcome = (outcome: PythonOutcome): NodeResult<Json> => {
  if (outcome.kind === "died")
    return codeFailure(`error: the sandbox ended, perhaps of memory (${outcome.reason})`);
  const answer = Answer.safeParse(parseJson(outcome.json));
  if (!answer.success) return codeFailure("error: the sandbox gave no answer");
  if (!answer.data.ok) return codeFailure(answer.data.message);
  const parsed = parseResult(answer.data.value);
  return parsed === null
    ? codeFailure("the result is too deep or no JSON")
    : { ok: true, value: parsed.value };
};

/** Lets the process run within its time; it is always killed in the end. */
const runWithin = async (
  process: PythonProcess,
  request: CodeRequest,
  options: PythonRunnerOptions,
): Promise<NodeResult<Json>> => {
  const { promise, resolve, reject } = Promise.withResolvers<NodeResult<Json>>();
  const requests = new AbortController();
  const onAbort = (): void => reject(request.signal.reason);
  request.signal.addEventListener("abort", onAbort, { once: true });
  if (request.signal.aborted) onAbort();
  const timer = setTimeout(
    () => resolve(codeFailure(`error: timeout after ${options.timeLimitMs} ms`)),
    options.timeLimitMs,
  );
  const send = createSendForPython(options.http, requests.signal);
  void process
    .run(request.code, JSON.stringify(request.inputs), MAX_RESULT_CHARS, send)
    .then((outcome) => resolve(readOutcome(outcome)), reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
    process.kill();
    requests.abort();
  }
};

export const createPythonRunner = (options: PythonRunnerOptions): PythonRunner => {
  const gate = createGate(options.concurrency);
  const spares = createSpareProcesses(options.nodePath);

  return {
    run: async (request) => {
      const leave = await gate.enter(request.signal);
      try {
        const process = await spares.take(request.signal);
        return await runWithin(process, request, options);
      } finally {
        leave();
      }
    },
    warmUp: spares.warmUp,
    [Symbol.asyncDispose]: async () => await spares[Symbol.asyncDispose](),
  };
};
