import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { open, readFile, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { createFrameReader, encodeFrame } from "./python-frames.ts";
import type { ChildMessage, Hello, HttpAnswerFrame, HttpFrame, RunHead } from "./python-frames.ts";

/** How a call in a child ended: with the result as JSON text, with a failure, or with the child's death. */
export type PythonOutcome =
  | { readonly kind: "value"; readonly json: string }
  | { readonly kind: "failure"; readonly message: string }
  | { readonly kind: "died"; readonly reason: string };

/** Makes a request on behalf of the code. */
export type SendForPython = (frame: HttpFrame) => Promise<HttpAnswerFrame>;

/** What a child runs: code, its inputs as JSON text, and what makes its requests. */
type PythonCall = {
  readonly code: string;
  readonly inputsJson: string;
  readonly maxResultChars: number;
  readonly send: SendForPython;
};

/** A child process with one interpreter that serves one call. */
export type PythonProcess = {
  readonly pid: number | undefined;
  /** Resolves to null when the interpreter is ready, else to the reason why it will never be. */
  readonly ready: Promise<string | null>;
  /** Resolves with the saved memory when this child was asked to make it, to null when it dies before. */
  readonly snapshot: Promise<SnapshotFile | null>;
  readonly run: (call: PythonCall) => Promise<PythonOutcome>;
  readonly kill: () => void;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
};

/** The memory of a ready interpreter, from which later ones start in a third of the time. */
export type SnapshotFile = { readonly handle: FileHandle; readonly bytes: number };

/** What every interpreter gets: the files beside this one. */
export type PythonSources = NonNullable<Hello["sources"]>;

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

/**
 * Seconds of processor time that a child may use over its whole life. The host ends a child long before;
 * this is for the one whose host was killed while the code ran in a circle.
 */
const CPU_SECONDS = 120;

/** Reads the Python files and the zones that lie beside this module. */
export const readPythonSources = async (): Promise<PythonSources> => {
  const read = async (name: string, encoding: "utf8" | "base64"): Promise<string> =>
    await readFile(new URL(name, import.meta.url), encoding);
  const [bootstrap, requests, zones] = await Promise.all([
    read("bootstrap.py", "utf8"),
    read("requests.py", "utf8"),
    read("time-zones.bin", "base64"),
  ]);
  return { bootstrap, requests, zones };
};

/**
 * Keeps `memory` in a file without a name: nothing stays behind however this process ends. Children inherit
 * it open for reading only, so that none can write what a later one starts from; only our own code ran
 * before it was saved.
 */
const saveSnapshot = async (memory: Buffer): Promise<SnapshotFile> => {
  const path = join(tmpdir(), `reviewflow-python-${randomUUID()}`);
  const writing = await open(path, "wx", 0o600);
  try {
    await writing.writeFile(memory);
    return { handle: await open(path, "r"), bytes: memory.length };
  } finally {
    await writing.close();
    await rm(path);
  }
};

const launch = (nodePath: string, snapshot: SnapshotFile | null): ChildProcess =>
  spawn("/bin/sh", ["-c", `ulimit -t ${CPU_SECONDS}; exec "$0" "$@"`, nodePath, ...NODE_FLAGS, CHILD_FILE], {
    // Local time is UTC, as in Dify's sandbox.
    env: { TZ: "UTC" },
    cwd: PYODIDE_FOLDER,
    stdio: ["ignore", "ignore", "pipe", "pipe", ...(snapshot === null ? [] : [snapshot.handle.fd])],
    windowsHide: true,
  });

const openSocket = (child: ChildProcess): Duplex => {
  const socket = child.stdio[3];
  if (!(socket instanceof Duplex)) throw new TypeError("A child process was started without its socket");
  socket.on("error", () => undefined);
  return socket;
};

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

/** Cuts what the child sends into messages; what is not in the protocol ends it. */
const listen = (socket: Duplex, kill: () => void, onMessage: (message: ChildMessage) => void): void => {
  const read = createFrameReader();
  socket.on("data", (chunk: Buffer) => {
    const messages = read(chunk);
    if (messages === null) kill();
    for (const message of messages ?? []) onMessage(message);
  });
};

/** Calls `onGone` once, with the reason, when the child and all that it sent have ended. */
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
  const ready = Promise.withResolvers<string | null>();
  const saved = Promise.withResolvers<SnapshotFile | null>();
  const gone = Promise.withResolvers<void>();
  const outcome = Promise.withResolvers<PythonOutcome>();
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
    if (sendRequest !== null) socket.write(encodeFrame("a", JSON.stringify(await sendRequest(frame))));
  };
  const onMessage = (message: ChildMessage): void => {
    switch (message.kind) {
      case "ready":
        phase = "running";
        ready.resolve(null);
        return;
      case "value":
      case "failure":
        outcome.resolve(message);
        return;
      case "http":
        void answerRequest(message.request);
        return;
      case "memory":
        // Memory counts only before any code of an author has run.
        if (phase !== "booting" || snapshot !== null) kill();
        else void save(message.memory);
        return;
      default:
        message satisfies never;
    }
  };
  listen(socket, kill, onMessage);
  const hello: Hello = { snapshotBytes: snapshot?.bytes ?? 0, sources: snapshot === null ? sources : null };
  socket.write(encodeFrame("h", JSON.stringify(hello)));

  return {
    pid: child.pid,
    ready: ready.promise,
    snapshot: saved.promise,
    gone: gone.promise,
    kill,
    run: async ({ code, inputsJson, maxResultChars, send }) => {
      sendRequest = send;
      const head: RunHead = { maxResultChars };
      socket.write(encodeFrame("r", JSON.stringify(head)));
      socket.write(encodeFrame("c", code));
      socket.write(encodeFrame("i", inputsJson));
      return await outcome.promise;
    },
  };
};
