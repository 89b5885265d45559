import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { dirname } from "node:path";
import { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { createFrameReader } from "./frame-reader.ts";
import type { ChildMessage } from "./frame-reader.ts";
import { encodeFrame } from "./python-frames.ts";
import type { HttpAnswerFrame, HttpFrame } from "./python-frames.ts";
import type { PythonSources } from "./python-sources.ts";
import { saveSnapshot } from "./snapshot-file.ts";
import type { SnapshotFile } from "./snapshot-file.ts";

/** How a call in a child ended: its answer as JSON text, or the death of the child. */
export type PythonOutcome =
  | { readonly kind: "answer"; readonly json: string }
  | { readonly kind: "died"; readonly reason: string };

/** A child process with one interpreter that serves one call. */
export type PythonProcess = {
  /** Resolves to null when the interpreter is ready, else to the reason why it will never be. */
  readonly ready: Promise<string | null>;
  /** Resolves with the saved memory when this child was asked to make it, to null when it dies before. */
  readonly snapshot: Promise<SnapshotFile | null>;
  readonly run: (
    code: string,
    inputsJson: string,
    maxResultChars: number,
    send: SendForPython,
  ) => Promise<PythonOutcome>;
  readonly kill: () => void;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
};

/** Makes a request on behalf of the code. */
export type SendForPython = (frame: HttpFrame) => Promise<HttpAnswerFrame>;

const CHILD_FILE = fileURLToPath(new URL("python-child.ts", import.meta.url));
const PYODIDE_FOLDER = dirname(fileURLToPath(import.meta.resolve("pyodide")));
/** 4096 pages of 64 KiB: 256 MiB for Python. */
const MEMORY_PAGES = 4096;
const STDERR_TAIL = 4000;

/** Reads two places, no network, no processes, no threads, no `eval` in JavaScript, no environment. */
const NODE_FLAGS = [
  "--permission",
  `--allow-fs-read=${PYODIDE_FOLDER}`,
  `--allow-fs-read=${CHILD_FILE}`,
  `--wasm-max-mem-pages=${MEMORY_PAGES}`,
  "--max-old-space-size=128",
  "--disallow-code-generation-from-strings",
  "--no-addons",
  "--disable-warning=ExperimentalWarning",
];

type Deferred<T> = { readonly promise: Promise<T>; readonly resolve: (value: T) => void };

const defer = <T>(): Deferred<T> => {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, resolve };
};

const openSocket = (child: ChildProcess): Duplex => {
  const socket = child.stdio[3];
  if (!(socket instanceof Duplex)) throw new TypeError("A child process was started without its socket");
  socket.on("error", () => undefined);
  return socket;
};

/**
 * Seconds of processor time that a child may use over its whole life. The host ends a child long before;
 * this is for the one whose host was killed while the code ran in a circle.
 */
const CPU_SECONDS = 120;

const launch = (nodePath: string, snapshot: SnapshotFile | null): ChildProcess =>
  spawn("/bin/sh", ["-c", `ulimit -t ${CPU_SECONDS}; exec "$0" "$@"`, nodePath, ...NODE_FLAGS, CHILD_FILE], {
    env: {},
    cwd: PYODIDE_FOLDER,
    stdio: ["ignore", "ignore", "pipe", "pipe", ...(snapshot === null ? [] : [snapshot.handle.fd])],
    windowsHide: true,
  });

/** Keeps the end of what the child complains about, for the reason of its death. */
const keepTail = (child: ChildProcess): (() => string) => {
  let tail = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-STDERR_TAIL);
  });
  // Node prints the line of the error, which in Pyodide is a whole program: only short lines say anything.
  return () =>
    tail
      .split("\n")
      .filter((line) => line.trim() !== "" && line.length < 200)
      .join("\n")
      .slice(-500);
};

/** Cuts what the child says into messages; what is not in the protocol ends it. */
const listen = (socket: Duplex, kill: () => void, onMessage: (message: ChildMessage) => void): void => {
  const read = createFrameReader();
  socket.on("data", (chunk: Buffer) => {
    const messages = read(chunk);
    if (messages === null) kill();
    for (const message of messages ?? []) onMessage(message);
  });
};

/** Calls `onGone` once, with the reason, when the child and all that it said have ended. */
const watchEnd = (child: ChildProcess, onGone: (reason: string) => void): void => {
  const stderrTail = keepTail(child);
  child.on("error", (error) => onGone(error.message));
  // Not `exit`, which may come before the last message has been read.
  child.on("close", (code, signal) => {
    const tail = stderrTail();
    onGone(tail === "" ? `it ended with ${signal ?? code ?? "no status"}` : tail);
  });
};

/** Starts a child; with `snapshot` null it boots in full and saves its memory for the next ones. */
export const startPythonProcess = (
  nodePath: string,
  sources: PythonSources,
  snapshot: SnapshotFile | null,
): PythonProcess => {
  const child = launch(nodePath, snapshot);
  const socket = openSocket(child);
  const ready = defer<string | null>();
  const saved = defer<SnapshotFile | null>();
  const gone = defer<void>();
  const outcome = defer<PythonOutcome>();
  let phase: "booting" | "running" | "gone" = "booting";
  let sendRequest: SendForPython | null = null;
  const kill = (): void => void child.kill("SIGKILL");

  watchEnd(child, (reason) => {
    phase = "gone";
    ready.resolve(reason);
    saved.resolve(null);
    outcome.resolve({ kind: "died", reason });
    gone.resolve();
  });
  const save = async (memory: Buffer): Promise<void> => {
    // Without it, which a full disk may cause, the later interpreters boot in full.
    const file = await saveSnapshot(memory).catch(() => null);
    if (phase === "gone") await file?.handle.close();
    else saved.resolve(file);
  };
  const answerRequest = async (frame: HttpFrame): Promise<void> => {
    if (sendRequest !== null) socket.write(encodeFrame(await sendRequest(frame)));
  };
  listen(socket, kill, (message) => {
    if (message.kind === "ready") {
      phase = "running";
      ready.resolve(null);
    } else if (message.kind === "result") outcome.resolve({ kind: "answer", json: message.json });
    else if (message.kind === "http") void answerRequest(message);
    // Memory counts only before any code of an author has run.
    else if (phase !== "booting" || snapshot !== null) kill();
    else if (message.kind === "memory") void save(message.memory);
  });
  socket.write(encodeFrame({ kind: "hello", snapshotBytes: snapshot?.bytes ?? 0, ...sources }));

  return {
    ready: ready.promise,
    snapshot: saved.promise,
    gone: gone.promise,
    kill,
    run: async (code, inputsJson, maxResultChars, send) => {
      sendRequest = send;
      socket.write(encodeFrame({ kind: "run", code, inputsJson, maxResultChars }));
      return await outcome.promise;
    },
  };
};
