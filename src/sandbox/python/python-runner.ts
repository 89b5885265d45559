import { message } from "../../messages/message.ts";
import type { Clock } from "../../base/clock.ts";
import { describeError, ReviewflowError } from "../../base/errors.ts";
import type { Exact } from "../../flow/exact.ts";
import type { CodeRequest, HttpClient, NodeResult } from "../../flow/ports.ts";
import { processorOfProcess, watchComputing } from "../computing-time.ts";
import { createGate } from "../gate.ts";
import { createIdleRelease } from "../idle-release.ts";
import { codeFailure, MAX_RESULT_CHARS, readResult, writeInputs } from "../result.ts";
import type { HttpAnswerFrame } from "./python-frames.ts";
import { readPythonSources, startPythonProcess } from "./python-process.ts";
import type {
  PythonOutcome,
  PythonProcess,
  PythonSources,
  SendForPython,
  SnapshotFile,
} from "./python-process.ts";

/** Limits of Python code nodes. */
export type PythonRunnerOptions = {
  /** Makes the requests of Python's `requests`; null refuses them all. */
  readonly http: HttpClient | null;
  /** How long one call may compute and wait for its requests; Dify's sandbox allows 15 s. */
  readonly timeLimitMs: number;
  /** Processes that run code at once; further calls wait. */
  readonly concurrency: number;
  /** Path of the Node that the children run on. */
  readonly nodePath: string;
  /** Tells when the spare has been of no use for long enough. */
  readonly clock: Clock;
};

/**
 * Runs `main(**inputs)` in a process of its own, taken from a warm spare: no call sees anything of
 * another, whatever the code did to its interpreter. The spare ends when no call has come for a time.
 */
export type PythonRunner = AsyncDisposable & {
  readonly run: (request: CodeRequest) => Promise<NodeResult<Exact>>;
  /** Boots the first interpreter and makes the spare; resolves when it is ready. */
  readonly warmUp: () => Promise<void>;
};

/** The sandbox itself is broken; what the author's code does wrong is a value, never this. */
class SandboxError extends ReviewflowError {}

/** Dify's defaults of an HTTP node, for calls that name no timeout. */
const CONNECT_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 60_000;
/** Dify's limit for text that an HTTP node reads is 1 MB; code may need a longer list. */
const MAX_RESPONSE_BYTES = 10 * 1024 * 1024;

const CLOSED: HttpAnswerFrame = {
  ok: false,
  kind: "connection",
  message: "Requests from Python code nodes are not allowed here; the operator can allow hosts for flows",
};

/** Makes the requests of Python's `requests` through the host's guarded client; without one, none. */
const createSend =
  (http: HttpClient | null, signal: AbortSignal): SendForPython =>
  async (frame) => {
    if (http === null) return CLOSED;
    try {
      const result = await http.send({
        method: frame.method,
        url: frame.url,
        headers: frame.headers,
        body: frame.body === null ? null : Buffer.from(frame.body, "base64"),
        connectTimeoutMs: frame.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
        readTimeoutMs: frame.readTimeoutMs ?? READ_TIMEOUT_MS,
        writeTimeoutMs: READ_TIMEOUT_MS,
        verifyTls: frame.verifyTls,
        maxResponseBytes: MAX_RESPONSE_BYTES,
        signal,
      });
      if (!result.ok)
        return {
          ok: false,
          kind: result.timedOut === true ? "timeout" : "connection",
          message: result.message,
        };
      const { status, url, headers, body } = result.value;
      return { ok: true, status, url, headers, body: Buffer.from(body).toString("base64") };
    } catch (error) {
      return { ok: false, kind: "connection", message: describeError(error) };
    }
  };

/** Measures how long requests were under way; a child waits for one at a time. */
const measureWaits = (
  send: SendForPython,
): { readonly send: SendForPython; readonly waitedMs: () => number } => {
  let before = 0;
  let since: number | null = null;
  return {
    send: async (frame) => {
      since = performance.now();
      const answer = await send(frame);
      before += performance.now() - since;
      since = null;
      return answer;
    },
    waitedMs: () => before + (since === null ? 0 : performance.now() - since),
  };
};

/** How the code of a request ended: as its process says, or by our hand. */
type Ended = PythonOutcome | { readonly kind: "timeout" };

const readOutcome = async (outcome: Ended, timeLimitMs: number): Promise<NodeResult<Exact>> => {
  if (outcome.kind === "timeout") return codeFailure(message("sandbox.timeout", { ms: timeLimitMs }));
  if (outcome.kind === "died") return codeFailure(message("sandbox.ended", { reason: outcome.reason }));
  if (outcome.kind === "failure") return codeFailure(outcome.message);
  const read = await readResult(outcome.json);
  return read === null ? codeFailure(message("sandbox.result-unreadable")) : { ok: true, value: read.value };
};

/** Lets the process run within its time; it is always killed in the end. */
const runWithin = async (
  process: PythonProcess,
  request: CodeRequest,
  options: PythonRunnerOptions,
): Promise<NodeResult<Exact>> => {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  const requests = new AbortController();
  const onAbort = (): void => reject(request.signal.reason);
  request.signal.addEventListener("abort", onAbort, { once: true });
  if (request.signal.aborted) onAbort();
  const { send, waitedMs } = measureWaits(createSend(options.http, requests.signal));
  let stopWatch = (): void => undefined;
  const start = async (): Promise<void> => {
    const inputsJson = await writeInputs(request.inputs);
    stopWatch = watchComputing({
      limitMs: options.timeLimitMs,
      measure: processorOfProcess(process.pid),
      waitedMs,
      onTimeout: () => resolve({ kind: "timeout" }),
    });
    resolve(await process.run({ code: request.code, inputsJson, maxResultChars: MAX_RESULT_CHARS, send }));
  };
  start().catch(reject);
  try {
    return await readOutcome(await promise, options.timeLimitMs);
  } finally {
    stopWatch();
    request.signal.removeEventListener("abort", onAbort);
    process.kill();
    requests.abort();
  }
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

/** Starts processes, and ends all that live. */
type Launcher = AsyncDisposable & {
  readonly launch: () => Promise<PythonProcess>;
  readonly isAlive: (process: PythonProcess) => boolean;
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
    if (closed) throw new SandboxError(message("sandbox.closed"), { code: "sandbox-closed" });
    const process = startPythonProcess(nodePath, found, snapshot);
    alive.add(process);
    void process.gone.finally(() => alive.delete(process));
    const problem = await process.ready;
    if (problem === null) return process;
    throw new SandboxError(message("sandbox.not-started", { problem }), {
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

/** One ready process ahead of need; each is handed out once. */
type SpareProcesses = {
  /** A ready process; the caller kills it. Rejects with the signal's reason or a `SandboxError`. */
  readonly take: (signal: AbortSignal) => Promise<PythonProcess>;
  readonly warmUp: () => Promise<void>;
  /** Ends the spare; the next call or warm-up starts one again. */
  readonly release: () => void;
};

const createSpareProcesses = (launcher: Launcher): SpareProcesses => {
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
    release: () => {
      const released = spare;
      spare = null;
      // One that did not start is gone already.
      released?.then(
        (process) => process.kill(),
        () => undefined,
      );
    },
  };
};

export const createPythonRunner = (options: PythonRunnerOptions): PythonRunner => {
  const gate = createGate(options.concurrency);
  const launcher = createLauncher(options.nodePath);
  const spares = createSpareProcesses(launcher);
  const release = createIdleRelease(options.clock, spares.release);

  return {
    run: async (request) => {
      const leave = await gate.enter(request.signal);
      const end = release.begin();
      try {
        const process = await spares.take(request.signal);
        return await runWithin(process, request, options);
      } finally {
        end();
        leave();
      }
    },
    warmUp: async () => {
      const end = release.begin();
      try {
        await spares.warmUp();
      } finally {
        end();
      }
    },
    [Symbol.asyncDispose]: async () => {
      release[Symbol.dispose]();
      await launcher[Symbol.asyncDispose]();
    },
  };
};
