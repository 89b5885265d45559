import { SandboxError } from "../sandbox-error.ts";
import { startPythonProcess } from "./python-process.ts";
import type { PythonProcess } from "./python-process.ts";
import { readPythonSources } from "./python-sources.ts";
import type { PythonSources } from "./python-sources.ts";
import type { SnapshotFile } from "./snapshot-file.ts";

/** One ready process ahead of need; each is handed out once. */
export type SpareProcesses = AsyncDisposable & {
  /** A ready process; the caller kills it. Rejects with the signal's reason or a `SandboxError`. */
  readonly take: (signal: AbortSignal) => Promise<PythonProcess>;
  /** Makes the spare; resolves when it is ready. */
  readonly warmUp: () => Promise<void>;
};

/** Starts processes, and ends all that live. */
type Launcher = AsyncDisposable & {
  readonly launch: () => Promise<PythonProcess>;
  readonly isAlive: (process: PythonProcess) => boolean;
};

/** `promise`, unless the signal is aborted before; then its reason is thrown. */
const unlessAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
};

/** The first process boots in full and saves its memory; the others wait for it and start from there. */
const createLauncher = (nodePath: string): Launcher => {
  const alive = new Set<PythonProcess>();
  let sources: Promise<PythonSources> | null = null;
  let first: Promise<PythonProcess> | null = null;
  let snapshot: SnapshotFile | null = null;
  let closed = false;

  const start = async (): Promise<PythonProcess> => {
    sources ??= readPythonSources();
    const found = await sources;
    if (closed) throw new SandboxError("The sandbox is closed", { code: "sandbox-closed" });
    const process = startPythonProcess(nodePath, found, snapshot);
    alive.add(process);
    void process.gone.finally(() => alive.delete(process));
    const problem = await process.ready;
    if (problem === null) return process;
    throw new SandboxError(`Python did not start: ${problem}`, {
      code: "python-not-started",
      retryable: true,
    });
  };
  const startFirst = async (): Promise<PythonProcess> => {
    const process = await start();
    snapshot = await process.snapshot;
    return process;
  };

  return {
    launch: async () => {
      if (first === null) {
        first = startFirst();
        first.catch(() => (first = null));
        return await first;
      }
      await first;
      return await start();
    },
    isAlive: (process) => alive.has(process),
    [Symbol.asyncDispose]: async () => {
      closed = true;
      const dying = [...alive];
      for (const process of dying) process.kill();
      await Promise.all(dying.map(async (process) => await process.gone));
      await first?.catch(() => null);
      await snapshot?.handle.close();
    },
  };
};

/** Processes on the Node at `nodePath`, one of them always ready after the first use. */
export const createSpareProcesses = (nodePath: string): SpareProcesses => {
  const launcher = createLauncher(nodePath);
  let spare: Promise<PythonProcess> | null = null;

  const prepare = (): Promise<PythonProcess> => {
    const next = launcher.launch();
    next.catch(() => {
      if (spare === next) spare = null;
    });
    return next;
  };

  return {
    take: async (signal) => {
      for (;;) {
        const next = spare ?? prepare();
        spare = null;
        const process = await unlessAborted(next, signal).catch((error: unknown) => {
          // A process whose taker left stays for the next one.
          if (signal.aborted) spare ??= next;
          throw error;
        });
        if (!launcher.isAlive(process)) continue;
        spare ??= prepare();
        return process;
      }
    },
    warmUp: async () => {
      spare ??= prepare();
      await spare;
    },
    [Symbol.asyncDispose]: async () => await launcher[Symbol.asyncDispose](),
  };
};
