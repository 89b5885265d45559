/**
 * The JavaScript worker thread: for every job a QuickJS machine with its own memory, which begins as a copy of one
 * that has what Node adds to the language. The files under `guest/` are those additions; they run in the machine.
 */
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import { JSException, QuickJS } from "quickjs-wasi";
import type { JSValueHandle, QuickJSOptions, Snapshot } from "quickjs-wasi";
import { describeError } from "../../base/errors.ts";
import { callHost } from "./host-functions.ts";
import type { JavaScriptAnswer, JavaScriptJob } from "./javascript-runner.ts";
import type { Message } from "../../messages/message.ts";

/** The part of the global that is used here; TypeScript knows it from browsers only. */
declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };

const compile = (subpath: string): object =>
  new WebAssembly.Module(readFileSync(new URL(import.meta.resolve(`quickjs-wasi/${subpath}`))));

const wasm = compile("quickjs.wasm");
const extensions = ["encoding", "url", "structured-clone"].map((name) => ({
  name,
  initFn: `qjs_ext_${name.replace("-", "_")}_init`,
  wasm: compile(`${name}.so`),
}));
/** A file of additions: its value is a function, and as part of an expression it ends without a semicolon. */
const guest = (name: string): string =>
  readFileSync(new URL(`guest/${name}.js`, import.meta.url), "utf8")
    .trimEnd()
    .replace(/;$/, "");

/**
 * Runs the additions once. What they share stays in this function: the code of an author sees globals only. The
 * value is the function that the worker drives timers with.
 */
const PRELUDE = `(host) => {
  const modules = Object.create(null);
  const errors = { Error, RangeError, TypeError };
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  const call = (name, ...args) => {
    const answer = host(name, ...args);
    if (answer[0] === "=") return answer.slice(1);
    const at = answer.indexOf("\\n");
    throw new (errors[answer.slice(1, at)] ?? Error)(answer.slice(at + 1));
  };
  const context = { define, call, modules, version: ${JSON.stringify(process.version)} };
  const shared = (${guest("buffer")})(context);
  (${guest("url")})(context);
  (${guest("intl")})(context);
  (${guest("crypto")})({ ...context, shared });
  (${guest("util")})(context);
  return (${guest("globals")})(context);
}`;

const HOST = "reviewflowHost";
const DRIVER = "reviewflowTimers";

/** The one function that machines are given: texts and copies of bytes in, a text out; it never throws. */
const hostFunction =
  (vm: QuickJS) =>
  (...handles: readonly JSValueHandle[]): JSValueHandle => {
    const [name, ...args] = handles.map((handle) =>
      handle.isString ? handle.toString() : handle.toUint8Array(),
    );
    return vm.newString(typeof name === "string" ? callHost(name, args) : "!TypeError\nno function is named");
  };

/** Processor time of this thread in milliseconds. */
const processorMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

const prepare = async (job: JavaScriptJob): Promise<Snapshot> => {
  const vm = await QuickJS.create({ ...optionsOf(job), interruptHandler: () => false });
  try {
    const prelude = vm.evalCode(PRELUDE, "<prelude>");
    const driver = vm.callFunction(prelude, vm.undefined, vm.newFunction(HOST, hostFunction(vm)));
    vm.setProp(vm.global, DRIVER, driver);
    driver.dispose();
    prelude.dispose();
    return vm.snapshot();
  } finally {
    vm.dispose();
  }
};

const optionsOf = (job: JavaScriptJob): QuickJSOptions => ({
  wasm,
  extensions,
  memoryLimit: job.memoryBytes,
  maxStackSize: job.stackBytes,
  timezoneOffset: 0,
});

/** A thrown value as Node would print it: name, message and the frames of the author's code. */
const describeThrown = (error: unknown): string => {
  if (!(error instanceof JSException)) return describeError(error);
  const frames = (error.stack ?? "").split("\n").filter((line) => line.includes("<code>"));
  return [`${error.name}: ${error.message}`, ...frames].join("\n");
};

/** The time that a job has: its computing, and its waiting for timers. */
type Budget = { readonly isSpent: () => boolean; readonly wait: (ms: number) => Promise<void> };

const createBudget = (limitMs: number): Budget => {
  const startedAt = processorMs();
  let waitedMs = 0;
  const leftMs = (): number => limitMs - waitedMs - (processorMs() - startedAt);
  return {
    isSpent: () => leftMs() <= 0,
    wait: async (ms) => {
      const part = Math.max(0, Math.min(ms, leftMs()));
      await wait(part);
      waitedMs += part;
    },
  };
};

/** The functions of `guest/globals.js` that drive timers; taken out of the machine before the author's code runs. */
type Timers = { readonly nextDelay: () => number; readonly run: () => void };

const takeTimers = (vm: QuickJS): Timers => {
  const driver = vm.global.getProp(DRIVER);
  vm.evalCode(`delete globalThis.${DRIVER}`, "<runner>").dispose();
  const nextDelay = driver.getProp("nextDelay");
  const runTimers = driver.getProp("runTimers");
  return {
    nextDelay: () => vm.callFunction(nextDelay, vm.undefined).consume((handle) => handle.toNumber()),
    run: () => vm.callFunction(runTimers, vm.undefined).dispose(),
  };
};

/** The result of `main`; a promise is waited for, as long as timers are left that may settle it. */
const settle = async (
  vm: QuickJS,
  result: JSValueHandle,
  timers: Timers,
  budget: Budget,
): Promise<JSValueHandle> => {
  if (!result.isPromise) return result;
  for (vm.executePendingJobs(); result.promiseState === 0; vm.executePendingJobs()) {
    const delay = timers.nextDelay();
    if (delay < 0) throw new Error("main returned a promise that nothing settles");
    await budget.wait(delay);
    if (budget.isSpent()) throw new Error("timeout");
    timers.run();
  }
  const settled = await vm.resolvePromise(result);
  if ("value" in settled) return settled.value;
  const { error } = settled;
  const part = (name: string): string => error.getProp(name).consume((handle) => handle.toString());
  throw new Error(error.isError ? `${part("name")}: ${part("message")}` : error.toString());
};

const failed = (problem: string | Message): JavaScriptAnswer => ({ ok: false, problem });

const runIn = async (vm: QuickJS, job: JavaScriptJob, budget: Budget): Promise<JavaScriptAnswer> => {
  const timers = takeTimers(vm);
  const parse = vm.evalCode("JSON.parse", "<runner>");
  const stringify = vm.evalCode("JSON.stringify", "<runner>");
  vm.evalCode(job.code, "<code>").dispose();
  const main = vm.evalCode("main", "<code>");
  const inputs = vm.callFunction(parse, vm.undefined, vm.newString(job.inputsJson));
  const result = await settle(vm, vm.callFunction(main, vm.undefined, inputs), timers, budget);
  const json = vm.callFunction(stringify, vm.undefined, result);
  if (!json.isString) return failed({ code: "sandbox.no-result", params: {} });
  const length = json.getProp("length").toNumber();
  if (length > job.maxResultChars)
    return failed({ code: "sandbox.result-too-long", params: { most: job.maxResultChars } });
  return { ok: true, json: json.toString() };
};

let prepared: Promise<Snapshot> | null = null;

const run = async (job: JavaScriptJob): Promise<JavaScriptAnswer> => {
  prepared ??= prepare(job);
  const snapshot = await prepared;
  const budget = createBudget(job.timeLimitMs);
  let interrupted = false;
  const vm = await QuickJS.restore(snapshot, {
    ...optionsOf(job),
    interruptHandler: () => (interrupted ||= budget.isSpent()),
  });
  vm.registerHostCallback(HOST, hostFunction(vm));
  try {
    return await runIn(vm, job, budget);
  } catch (error) {
    if (interrupted || budget.isSpent())
      return failed({ code: "sandbox.timeout", params: { ms: job.timeLimitMs } });
    return failed(describeThrown(error).slice(0, 20_000));
  } finally {
    vm.dispose();
  }
};

const answer = async (job: JavaScriptJob): Promise<void> => {
  const result = await run(job);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(result);
};

// The job is the host's own and was typed there.
parentPort?.on("message", (job: JavaScriptJob) => void answer(job));
