import assert from "node:assert/strict";
import { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import type { Clock } from "../../src/base/clock.ts";

/** The threads and processes that this process has started since `watchChildren`, each with what resolves when it is gone. */
export type StartedChildren = Disposable & {
  readonly threads: readonly Promise<unknown>[];
  readonly processes: readonly Promise<unknown>[];
  /** How many of both are not gone. */
  readonly alive: () => number;
};

export const watchChildren = (): StartedChildren => {
  const threads: Promise<unknown>[] = [];
  const processes: Promise<unknown>[] = [];
  let alive = 0;
  const count = async (gone: Promise<unknown>): Promise<void> => {
    alive += 1;
    await gone;
    alive -= 1;
  };
  const onThread = (worker: Worker): void => void threads.push(count(once(worker, "exit")));
  const onProcess = (message: unknown): void => {
    assert.ok(typeof message === "object" && message !== null && "process" in message);
    const child = message.process;
    assert.ok(child instanceof ChildProcess);
    processes.push(count(once(child, "close")));
  };
  process.on("worker", onThread);
  subscribe("child_process", onProcess);
  return {
    threads,
    processes,
    alive: () => alive,
    [Symbol.dispose]: () => {
      process.off("worker", onThread);
      unsubscribe("child_process", onProcess);
    },
  };
};

/** A clock on which no time passes but by `pass`. */
export type StoppedClock = Clock & {
  /** What is being waited for, in milliseconds, and whether the wait would keep the process alive. */
  readonly waits: () => readonly { readonly ms: number; readonly ref: boolean }[];
  /** Ends every wait, as if its time had passed; resolves when those who waited have acted on it. */
  readonly pass: () => Promise<void>;
};

export const createStoppedClock = (): StoppedClock => {
  const waiting = new Set<{ readonly ms: number; readonly ref: boolean; readonly end: () => void }>();
  return {
    now: () => 0,
    sleep: async (ms, signal, options) => {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const wait = { ms, ref: options?.ref ?? true, end: resolve };
      waiting.add(wait);
      signal?.addEventListener("abort", () => {
        waiting.delete(wait);
        reject(signal.reason);
      });
      await promise;
    },
    waits: () => [...waiting].map(({ ms, ref }) => ({ ms, ref })),
    pass: async () => {
      for (const { end } of waiting) end();
      waiting.clear();
      await setImmediate();
    },
  };
};
