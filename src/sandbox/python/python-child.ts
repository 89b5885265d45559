/**
 * The program of a Python child process: one interpreter, one call, then the end. It imports nothing of
 * ours, because its permissions let it read this file and Pyodide only. It talks over file 3 with
 * blocking reads and writes, so that Python's `requests` can wait for the host inside a plain call.
 *
 * Python gets no JavaScript object. What it has of the host is a device file, which takes bytes and gives
 * bytes; and the functions of JavaScript that Pyodide's machine code could call to reach an object are
 * replaced before any code of an author runs.
 */
import { closeSync, constants, readSync, writeSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import process from "node:process";
import type { PyodideAPI, PyodideConfig } from "pyodide";
import type { Hello, HostFrameLetter, RunHead } from "./python-frames.ts";

const SOCKET = 3;
const SNAPSHOT = 4;
const HEADER_BYTES = 5;
/** Where Python writes a request and reads its answer, each behind its length in 4 bytes. */
const HOST_DEVICE = "/dev/reviewflow";

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

const readFrame = (letter: HostFrameLetter): Buffer => {
  const head = readBytes(SOCKET, HEADER_BYTES, false);
  if (head.toString("latin1", 0, 1) !== letter) process.exit(1);
  return readBytes(SOCKET, head.readUInt32BE(1), false);
};

const writeBytes = (bytes: Uint8Array): void => {
  let done = 0;
  while (done < bytes.length) done += writeSync(SOCKET, bytes, done, bytes.length - done);
};

const writeFrame = (letter: string, body: Uint8Array | string): void => {
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  const head = Buffer.alloc(HEADER_BYTES);
  head.write(letter, 0, "latin1");
  head.writeUInt32BE(bytes.length, 1);
  writeBytes(head);
  writeBytes(bytes);
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

/**
 * Functions of JavaScript that Pyodide's machine code imports for its bridge between the languages, for loading
 * other machine code (which would get the originals) and for calling any function by its address.
 */
const BRIDGE =
  /^_?(Js|js2python_(?!js$)|jslib|hiwire|_hiwire|pyproxy|destroy_|create_|wrap_|gc_register|proxy_cache|array_to_js|ffi_|raw_call_js|set_pyodide_module|is_comlink|get_async|get_suspender|set_suspender|_?agen|handle_next|syncify|saveState|restoreState|emscripten_asm_const|emscripten_debugger|emscripten_dlopen|dlopen_js|dlsym_js)|^python2js|^_python2js_(?!ascii$|ucs)/;
/** Of those, what one call of a Python function with texts and numbers needs: values in, a text out. */
const NEEDED = new Set(["JsvArray_Get", "JsvError_Check", "JsvNoValue_Check"]);

/** Lets Pyodide's bridge be closed: returns the function that does it, for ever. */
const holdBridge = (): (() => void) => {
  let isClosed = false;
  const hold = (name: string, original: unknown): unknown => {
    if (typeof original !== "function" || !BRIDGE.test(name) || NEEDED.has(name)) return original;
    return (...args: readonly unknown[]): unknown => {
      if (isClosed) throw new Error(`JavaScript is out of reach for Python code (${name})`);
      return Reflect.apply(original, undefined, args);
    };
  };
  // A view of the functions: JavaScript's own side of the bridge goes on using the originals.
  const view = (functions: object): object =>
    new Proxy(functions, {
      get: (target, name) => {
        const found: unknown = Reflect.get(target, name);
        return typeof name === "string" ? hold(name, found) : found;
      },
    });
  const machine: unknown = Reflect.get(globalThis, "WebAssembly");
  if (typeof machine !== "object" || machine === null) throw new TypeError("There is no WebAssembly");
  const instantiate: unknown = Reflect.get(machine, "instantiate");
  if (typeof instantiate !== "function") throw new TypeError("There is no WebAssembly.instantiate");
  Reflect.set(machine, "instantiate", (code: unknown, imports: unknown): unknown => {
    if (isClosed) throw new Error("Machine code is out of reach for Python code");
    const functions: unknown =
      typeof imports === "object" && imports !== null ? Reflect.get(imports, "env") : undefined;
    const held =
      typeof functions === "object" && functions !== null
        ? Object.assign({}, imports, { env: view(functions) })
        : imports;
    const instance: unknown = Reflect.apply(instantiate, machine, [code, held]);
    return instance;
  });
  return () => (isClosed = true);
};

const loadInterpreter = async (hello: Hello): Promise<PyodideAPI> => {
  const { loadPyodide } = await import("pyodide");
  // oxlint-disable no-underscore-dangle -- Pyodide names them so
  const config: PyodideConfig & { _makeSnapshot?: boolean; _loadSnapshot?: Uint8Array } = {
    // Left out, `_` is the path of this file.
    env: { HOME: "/home/pyodide", PYTHONINSPECT: "", _: "python3" },
    jsglobals: Object.freeze({}),
    stdout: () => undefined,
    stderr: () => undefined,
  };
  if (hello.snapshotBytes === 0) config._makeSnapshot = true;
  else {
    config._loadSnapshot = readBytes(SNAPSHOT, hello.snapshotBytes, true);
    closeSync(SNAPSHOT);
  }
  return await loadPyodide(config);
};

const isMapping = (value: unknown): value is { readonly get: (name: string) => unknown } =>
  typeof value === "object" || typeof value === "function";

/** A function of the bootstrap. */
const findFunction = (
  python: PyodideAPI,
  name: string,
): ((...args: readonly (string | number)[]) => unknown) => {
  const globals: unknown = python.globals;
  const body: unknown = isMapping(globals) ? globals.get(name) : null;
  if (typeof body !== "function") throw new TypeError(`The bootstrap has no ${name}`);
  return (...args) => {
    const result: unknown = Reflect.apply(body, undefined, args);
    return result;
  };
};

const fill = (python: PyodideAPI, { bootstrap, requests, zones }: NonNullable<Hello["sources"]>): void => {
  python.runPython(bootstrap);
  findFunction(python, "_install_module")("requests", requests);
  findFunction(python, "_install_zones")(zones);
};

const saveMemory = (python: PyodideAPI): void => {
  const save: unknown = Reflect.get(python, "makeMemorySnapshot");
  const memory: unknown = typeof save === "function" ? Reflect.apply(save, python, []) : null;
  if (!(memory instanceof Uint8Array)) throw new TypeError("Pyodide saved no memory");
  writeFrame("m", memory);
};

/** The longest request that Python may make of the host: what is not whole waits in this process's memory. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

/** Answers a whole request that lies in `pending`; what is not whole waits for more. */
const exchange = (pending: Buffer): { readonly rest: Buffer; readonly answer: Buffer | null } => {
  if (pending.length < 4) return { rest: pending, answer: null };
  const end = 4 + pending.readUInt32BE();
  if (end > MAX_REQUEST_BYTES) process.exit(1);
  if (pending.length < end) return { rest: pending, answer: null };
  writeFrame("q", pending.subarray(4, end));
  const body = readFrame("a");
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return { rest: Buffer.from(pending.subarray(end)), answer: Buffer.concat([head, body]) };
};

type DeviceCall<T> = (stream: object, memory: Uint8Array, offset: number, length: number) => T;

/** The part of Emscripten's file system that is used here. */
type Files = {
  readonly makedev: (major: number, minor: number) => number;
  readonly registerDevice: (
    device: number,
    calls: {
      readonly open: (stream: object) => void;
      readonly read: DeviceCall<number>;
      readonly write: DeviceCall<number>;
    },
  ) => void;
  readonly mkdev: (path: string, mode: number, device: number) => void;
};

const isFiles = (value: unknown): value is Files =>
  typeof value === "object" && value !== null && "makedev" in value && "registerDevice" in value;

/** Makes the device file through which Python's `requests` reaches the host: bytes in, bytes out. */
const openHostDevice = (python: PyodideAPI): void => {
  const files: unknown = Reflect.get(python, "FS");
  if (!isFiles(files)) throw new TypeError("Pyodide has no file system");
  let pending: Buffer = Buffer.alloc(0);
  let answers: Buffer = Buffer.alloc(0);
  const device = files.makedev(64, 0);
  files.registerDevice(device, {
    open: (stream) => void Reflect.set(stream, "seekable", false),
    write: (_stream, memory, offset, length) => {
      const bytes = Buffer.from(memory.buffer, memory.byteOffset + offset, length);
      const { rest, answer } = exchange(Buffer.concat([pending, bytes]));
      pending = rest;
      if (answer !== null) answers = Buffer.concat([answers, answer]);
      return length;
    },
    read: (_stream, memory, offset, length) => {
      const part = answers.subarray(0, length);
      new Uint8Array(memory.buffer, memory.byteOffset + offset, part.length).set(part);
      answers = answers.subarray(part.length);
      return part.length;
    },
  });
  files.mkdev(HOST_DEVICE, 0o600, device);
};

/** What the code ended with; an interpreter that broke down is a failure as well. */
const runCode = (run: (...args: readonly (string | number)[]) => unknown): void => {
  // The host's own frame, typed where it is made.
  const head: unknown = JSON.parse(readFrame("r").toString());
  if (!isHead(head)) return;
  const code = readFrame("c").toString();
  const inputs = readFrame("i").toString();
  let answer = "";
  try {
    answer = String(run(code, inputs, head.maxResultChars));
  } catch (error) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    answer = `f${message.slice(0, 2000)}`;
  }
  writeFrame(answer.slice(0, 1), answer.slice(1));
};

// The host is trusted, and its frames are typed where they are made.
const isHello = (frame: unknown): frame is Hello => typeof frame === "object";
const isHead = (frame: unknown): frame is RunHead => typeof frame === "object";

const serve = async (): Promise<void> => {
  const hello: unknown = JSON.parse(readFrame("h").toString());
  if (!isHello(hello)) return;
  shimBinding();
  const closeBridge = holdBridge();
  const python = await loadInterpreter(hello);
  if (hello.sources !== null) {
    fill(python, hello.sources);
    saveMemory(python);
  }
  python.setStdin({ error: true });
  openHostDevice(python);
  const run = findFunction(python, "_run");
  python.unregisterJsModule("js");
  python.unregisterJsModule("pyodide_js");
  findFunction(python, "_close_doors")();
  disarmProcess();
  closeBridge();
  writeFrame("y", "");
  runCode(run);
  process.exit(0);
};

await serve();
