/** The JavaScript worker thread: a new QuickJS machine, with its own memory, for every job. */
import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { JSException, QuickJS } from "quickjs-wasi";
import type { JSValueHandle } from "quickjs-wasi";
import { describeError } from "../../base/errors.ts";
import type { JavaScriptAnswer, JavaScriptJob } from "./javascript-messages.ts";
import { JAVASCRIPT_PRELUDE } from "./javascript-prelude.ts";

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

/** A thrown value as Node would print it: name, message and the frames of the author's code. */
const describeThrown = (error: unknown): string => {
  if (!(error instanceof JSException)) return describeError(error);
  const frames = (error.stack ?? "").split("\n").filter((line) => line.includes("<code>"));
  return [`${error.name}: ${error.message}`, ...frames].join("\n");
};

/** The result of `main`; a promise is waited for, as far as the machine can settle it by itself. */
const settle = async (vm: QuickJS, result: JSValueHandle): Promise<JSValueHandle> => {
  if (!result.isPromise) return result;
  vm.executePendingJobs();
  if (result.promiseState === 0) throw new Error("main returned a promise that nothing settles");
  const settled = await vm.resolvePromise(result);
  if ("value" in settled) return settled.value;
  const { error } = settled;
  const part = (name: string): string => error.getProp(name).consume((handle) => handle.toString());
  throw new Error(error.isError ? `${part("name")}: ${part("message")}` : error.toString());
};

const runIn = async (vm: QuickJS, job: JavaScriptJob): Promise<JavaScriptAnswer> => {
  vm.evalCode(JAVASCRIPT_PRELUDE, "<prelude>").dispose();
  const parse = vm.evalCode("JSON.parse", "<runner>");
  const stringify = vm.evalCode("JSON.stringify", "<runner>");
  vm.evalCode(job.code, "<code>").dispose();
  const main = vm.evalCode("main", "<code>");
  const inputs = vm.callFunction(parse, vm.undefined, vm.newString(job.inputsJson));
  const result = await settle(vm, vm.callFunction(main, vm.undefined, inputs));
  const json = vm.callFunction(stringify, vm.undefined, result);
  if (!json.isString) return { ok: false, message: "main returned nothing that JSON can carry" };
  const length = json.getProp("length").toNumber();
  if (length > job.maxResultChars)
    return { ok: false, message: `the result is longer than ${job.maxResultChars} characters of JSON` };
  return { ok: true, json: json.toString() };
};

const run = async (job: JavaScriptJob): Promise<JavaScriptAnswer> => {
  const deadline = performance.now() + job.timeLimitMs;
  let interrupted = false;
  const vm = await QuickJS.create({
    wasm,
    extensions,
    memoryLimit: job.memoryBytes,
    maxStackSize: job.stackBytes,
    timezoneOffset: 0,
    interruptHandler: () => (interrupted ||= performance.now() > deadline),
  });
  try {
    return await runIn(vm, job);
  } catch (error) {
    if (interrupted) return { ok: false, message: `error: timeout after ${job.timeLimitMs} ms` };
    return { ok: false, message: describeThrown(error).slice(0, 20_000) };
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
