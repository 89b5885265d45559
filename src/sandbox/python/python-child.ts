/**
 * The program of a Python child process: one interpreter, one call, then the end. It imports nothing of
 * ours, because its permissions let it read this file and Pyodide only. It talks over file 3 with
 * blocking reads and writes, so that Python's `requests` can wait for the host inside a plain call.
 */
import { constants, readSync, writeSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import process from "node:process";
import type { PyodideAPI, PyodideConfig } from "pyodide";
import type { HelloFrame, RunFrame } from "./python-frames.ts";

const SOCKET = 3;
const SNAPSHOT = 4;

const readBytes = (file: number, length: number, seekable: boolean): Buffer => {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const got = readSync(file, bytes, done, length - done, seekable ? done : null);
    if (got === 0) process.exit(0);
    done += got;
  }
  return bytes;
};

const readText = (): string =>
  readBytes(SOCKET, readBytes(SOCKET, 4, false).readUInt32BE(), false).toString("utf8");

const writeBytes = (bytes: Uint8Array): void => {
  let done = 0;
  while (done < bytes.length) done += writeSync(SOCKET, bytes, done, bytes.length - done);
};

const writeText = (text: string): void => {
  const body = Buffer.from(text, "utf8");
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  writeBytes(head);
  writeBytes(body);
};

/** Pyodide asks for the numbers of the file flags through an API that permissions close. */
const shimBinding = (): void => {
  Object.defineProperty(process, "binding", { value: () => ({ fs: constants }), configurable: true });
};

/** Takes from the process what permissions do not cover, above all signals to other processes. */
const disarmProcess = (): void => {
  const doors = [
    "kill",
    "_kill",
    "abort",
    "binding",
    "_linkedBinding",
    "dlopen",
    "getBuiltinModule",
    "chdir",
    "report",
  ];
  for (const door of [
    ...doors,
    "setuid",
    "setgid",
    "umask",
    "_debugProcess",
    "_debugEnd",
    "_startProfilerIdleNotifier",
  ])
    Object.defineProperty(process, door, { value: undefined });
  syncBuiltinESMExports();
};

const loadInterpreter = async (hello: HelloFrame): Promise<PyodideAPI> => {
  const { loadPyodide } = await import("pyodide");
  // oxlint-disable no-underscore-dangle -- Pyodide names them so
  const config: PyodideConfig & { _makeSnapshot?: boolean; _loadSnapshot?: Uint8Array } = {
    env: { HOME: "/home/pyodide", PYTHONINSPECT: "" },
    jsglobals: Object.freeze({}),
    stdout: () => undefined,
    stderr: () => undefined,
  };
  if (hello.snapshotBytes === 0) config._makeSnapshot = true;
  else config._loadSnapshot = readBytes(SNAPSHOT, hello.snapshotBytes, true);
  return await loadPyodide(config);
};

const isMapping = (value: unknown): value is { readonly get: (name: string) => unknown } =>
  typeof value === "object" || typeof value === "function";

/** Calls a function of the bootstrap. */
const callPython = (python: PyodideAPI, name: string, ...args: readonly (string | number)[]): unknown => {
  const globals: unknown = python.globals;
  const body: unknown = isMapping(globals) ? globals.get(name) : null;
  if (typeof body !== "function") throw new TypeError(`The bootstrap has no ${name}`);
  const result: unknown = Reflect.apply(body, undefined, args);
  return result;
};

const fill = (python: PyodideAPI, hello: HelloFrame): void => {
  python.runPython(hello.bootstrap);
  callPython(python, "_install_module", "requests", hello.requests);
};

const saveMemory = (python: PyodideAPI): void => {
  const save: unknown = Reflect.get(python, "makeMemorySnapshot");
  const memory: unknown = typeof save === "function" ? Reflect.apply(save, python, []) : null;
  if (!(memory instanceof Uint8Array)) throw new TypeError("Pyodide saved no memory");
  writeText(JSON.stringify({ kind: "snapshot", bytes: memory.length }));
  writeBytes(memory);
};

/** What the code ended with; an interpreter that broke down is an answer as well. */
const runCode = (python: PyodideAPI, run: RunFrame): string => {
  try {
    return String(callPython(python, "_run", run.code, run.inputsJson, run.maxResultChars));
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return JSON.stringify({ ok: false, message: message.slice(0, 2000) });
  }
};

// The host is trusted, and its frames are typed where they are made.
const isHello = (frame: unknown): frame is HelloFrame => typeof frame === "object";
const isRun = (frame: unknown): frame is RunFrame => typeof frame === "object";

const serve = async (): Promise<void> => {
  const hello: unknown = JSON.parse(readText());
  if (!isHello(hello)) return;
  shimBinding();
  const python = await loadInterpreter(hello);
  if (hello.snapshotBytes === 0) {
    fill(python, hello);
    saveMemory(python);
  }
  python.setStdin({ error: true });
  python.registerJsModule("_reviewflow_host", {
    send: (json: string) => {
      const request: unknown = JSON.parse(json);
      writeText(JSON.stringify(Object.assign({}, request, { kind: "http" })));
      return readText();
    },
  });
  callPython(python, "_close_doors");
  python.unregisterJsModule("js");
  python.unregisterJsModule("pyodide_js");
  disarmProcess();
  writeText(JSON.stringify({ kind: "ready" }));
  const run: unknown = JSON.parse(readText());
  if (!isRun(run)) return;
  writeText(JSON.stringify({ kind: "result", json: runCode(python, run) }));
  process.exit(0);
};

await serve();
