import { watch, type FSWatcher } from "node:fs";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";

/** How a folder is watched. */
export type WatchOptions = {
  readonly folder: string;
  readonly quietMs: number;
  readonly rescanMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reads the folder again; must not reject. */
  readonly onChange: () => Promise<void>;
};

/** A watch that is ended by disposing it; what is being read is waited for. */
export type FolderWatch = AsyncDisposable;

/**
 * Calls `onChange` when the folder has been quiet after a change, and on a timer, since the operating
 * system reports nothing of network mounts. Calls never overlap.
 */
export const watchFolder = (options: WatchOptions): FolderWatch => {
  const { folder, quietMs, rescanMs, clock, logger, onChange } = options;
  const stop = new AbortController();
  let changes = Promise.withResolvers<void>();
  let watcher: FSWatcher | null = null;

  const startWatcher = (): void => {
    try {
      watcher = watch(folder, { recursive: true, persistent: false }, () => changes.resolve());
      watcher.on("error", (error) => {
        logger.warn({ folder, error }, "Knowledge folder is no longer watched, only read on the timer");
        watcher?.close();
        watcher = null;
        changes.resolve();
      });
    } catch (error) {
      logger.warn({ folder, error }, "Knowledge folder cannot be watched, only read on the timer");
    }
  };

  const waitForWork = async (): Promise<void> => {
    using pause = new DisposableStack();
    const timer = new AbortController();
    pause.defer(() => timer.abort());
    const signal = AbortSignal.any([stop.signal, timer.signal]);
    const tick = clock.sleep(rescanMs, signal).catch(() => undefined);
    await Promise.race([changes.promise, tick]);
  };

  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await waitForWork();
      if (stop.signal.aborted) return;
      // Changes during the quiet time start it again, but not for ever.
      for (let rounds = 0; rounds < 20; rounds += 1) {
        changes = Promise.withResolvers<void>();
        await clock.sleep(quietMs, stop.signal).catch(() => undefined);
        const isQuiet = await Promise.race([changes.promise.then(() => false), Promise.resolve(true)]);
        if (isQuiet || stop.signal.aborted) break;
      }
      if (watcher === null) startWatcher();
      if (!stop.signal.aborted) await onChange();
    }
  };

  startWatcher();
  const running = run();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      watcher?.close();
      await running;
    },
  };
};
