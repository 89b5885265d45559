import { type Clock, systemClock } from "../base/clock.ts";
import type { CodeRunner, HttpClient } from "../flow/ports.ts";
import { createJavaScriptRunner } from "./javascript/javascript-runner.ts";
import { createPythonRunner } from "./python/python-runner.ts";

/** How code nodes are run. */
export type CodeRunnerOptions = {
  /** Makes the requests of Python's `requests` under the operator's guard; null refuses them all. */
  readonly http: HttpClient | null;
  /** How long one call may compute and wait for what it asked for, in milliseconds; Dify's 15 s when left out. */
  readonly timeLimitMs?: number;
  /** JavaScript calls at once, a thread each; 2 when left out. */
  readonly javascriptConcurrency?: number;
  /** Python calls at once, a process of about 200 MB each, besides one spare; 2 when left out. */
  readonly pythonConcurrency?: number;
  /** The Node that Python's processes run on, version 26 or newer; this process's own when left out. */
  readonly nodePath?: string;
  /** Tells when threads and processes have had nothing to do for long enough; the machine's when left out. */
  readonly clock?: Clock;
};

/** The port, with a start ahead of need and an end. */
export type SandboxedCodeRunner = CodeRunner &
  AsyncDisposable & {
    /**
     * Starts what a flow in `languages` will need. Python takes 3 to 4 s the first time; without this
     * call the first code node pays for it. What has had no work for five minutes ends, and is started again by
     * the next call or warm-up.
     */
    readonly warmUp: (languages: ReadonlySet<"javascript" | "python3">) => Promise<void>;
  };

const TIME_LIMIT_MS = 15_000;

/**
 * Runs code nodes: JavaScript in QuickJS in a worker thread, Python in Pyodide in a process without
 * permissions. No call sees another's data, the host's files, environment, network or processes.
 */
export const createCodeRunner = (options: CodeRunnerOptions): SandboxedCodeRunner => {
  const timeLimitMs = options.timeLimitMs ?? TIME_LIMIT_MS;
  const clock = options.clock ?? systemClock;
  const javascript = createJavaScriptRunner({
    timeLimitMs,
    concurrency: options.javascriptConcurrency ?? 2,
    clock,
  });
  const python = createPythonRunner({
    http: options.http,
    timeLimitMs,
    concurrency: options.pythonConcurrency ?? 2,
    nodePath: options.nodePath ?? process.execPath,
    clock,
  });

  return {
    run: async (request) =>
      await (request.language === "python3" ? python.run(request) : javascript.run(request)),
    warmUp: async (languages) => {
      if (languages.has("javascript")) javascript.warmUp();
      if (languages.has("python3")) await python.warmUp();
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([javascript[Symbol.asyncDispose](), python[Symbol.asyncDispose]()]);
    },
  };
};
