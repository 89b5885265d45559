import { Worker } from "node:worker_threads";
import type { ResourceLimits } from "node:worker_threads";
import type { Clock } from "../base/clock.ts";
import { watchComputing } from "./computing-time.ts";
import { createGate } from "./gate.ts";
import { createIdleRelease } from "./idle-release.ts";

/** How a job in a worker ended; `died` is a crash, mostly of memory. */
type WorkerOutcome =
  | { readonly kind: "answer"; readonly value: unknown }
  | { readonly kind: "timeout" }
  | { readonly kind: "died"; readonly reason: string };

/**
 * Threads that answer one message with one message; kept for the next job unless they misbehaved, and let go when
 * none has come for a time.
 */
export type WorkerPool = AsyncDisposable & {
  /** Sends `job` to a thread. Rejects with the signal's reason; the thread is then ended. */
  readonly run: (job: unknown, signal: AbortSignal) => Promise<WorkerOutcome>;
  /** Starts one thread ahead of the first job. */
  readonly warmUp: () => void;
};

export type WorkerPoolOptions = {
  readonly file: URL;
  /** Threads at once; further jobs wait, and their time limit starts when they do. */
  readonly size: number;
  /** Computing time of a job: what its thread waits for a busy processor does not count. */
  readonly timeLimitMs: number;
  readonly resourceLimits: ResourceLimits;
  /** Tells when threads have had nothing to do for long enough. */
  readonly clock: Clock;
};

const startThread = (options: WorkerPoolOptions): Worker => {
  const worker = new Worker(options.file, {
    resourceLimits: options.resourceLimits,
    env: {},
    argv: [],
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
  });
  worker.unref();
  return worker;
};

/** How long a thread has to say what it used; one that is held up outside of JavaScript says nothing. */
const ANSWER_MS = 3000;

const processorOfThread = async (worker: Worker): Promise<number | null> => {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), ANSWER_MS);
  try {
    const usage = await Promise.race([worker.cpuUsage(), late]);
    return usage === null ? null : (usage.user + usage.system) / 1000;
  } finally {
    clearTimeout(timer);
  }
};

/** One job on one thread; the thread may be used again only after an `answer`. */
const runOn = async (
  worker: Worker,
  job: unknown,
  timeLimitMs: number,
  signal: AbortSignal,
): Promise<WorkerOutcome> => {
  signal.throwIfAborted();
  let settle: (outcome: WorkerOutcome) => void = () => undefined;
  let fail: (reason: unknown) => void = () => undefined;
  const outcome = new Promise<WorkerOutcome>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  const onMessage = (value: unknown): void => settle({ kind: "answer", value });
  const onError = (error: unknown): void =>
    settle({ kind: "died", reason: error instanceof Error ? error.message : String(error) });
  const onExit = (): void => settle({ kind: "died", reason: "the worker ended" });
  const onAbort = (): void => fail(signal.reason);
  worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  signal.addEventListener("abort", onAbort, { once: true });
  const stopWatch = watchComputing({
    limitMs: timeLimitMs,
    measure: async () => await processorOfThread(worker),
    onTimeout: () => settle({ kind: "timeout" }),
  });
  worker.ref();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(job);
  try {
    return await outcome;
  } finally {
    stopWatch();
    signal.removeEventListener("abort", onAbort);
    worker.off("message", onMessage).off("error", onError).off("exit", onExit);
    worker.unref();
  }
};

/** A pool of threads of `file`, which listens on its parent port and posts one answer per message. */
export const createWorkerPool = (options: WorkerPoolOptions): WorkerPool => {
  const gate = createGate(options.size);
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  const release = createIdleRelease(options.clock, () => {
    for (const worker of idle.splice(0)) void worker.terminate();
  });
  let busy = 0;

  const start = (): Worker => {
    const worker = startThread(options);
    all.add(worker);
    worker.once("exit", () => {
      all.delete(worker);
      const at = idle.indexOf(worker);
      if (at >= 0) idle.splice(at, 1);
    });
    worker.on("error", () => undefined);
    return worker;
  };

  const runOnThread = async (job: unknown, signal: AbortSignal): Promise<WorkerOutcome> => {
    const worker = idle.pop() ?? start();
    let healthy = false;
    try {
      const outcome = await runOn(worker, job, options.timeLimitMs, signal);
      healthy = outcome.kind === "answer";
      return outcome;
    } finally {
      if (healthy) idle.push(worker);
      else void worker.terminate();
    }
  };

  return {
    run: async (job, signal) => {
      const leave = await gate.enter(signal);
      const end = release.begin();
      busy += 1;
      try {
        return await runOnThread(job, signal);
      } finally {
        busy -= 1;
        end();
        leave();
      }
    },
    warmUp: () => {
      const end = release.begin();
      if (idle.length === 0 && busy === 0) idle.push(start());
      end();
    },
    [Symbol.asyncDispose]: async () => {
      release[Symbol.dispose]();
      await Promise.all([...all].map(async (worker) => await worker.terminate()));
    },
  };
};
