import { z } from "zod";
import { Json } from "../../base/json.ts";
import { plainOf } from "../../flow/exact.ts";
import { pythonStr } from "../../flow/value-text.ts";
import { failureInItsWords, objectSchema, toolAnswer } from "../tool.ts";
import type { BuiltinTool } from "./builtin-tool.ts";

/**
 * Code nodes whose `main` runs a whole program and returns what it prints, as Dify's sandbox does with a program that has
 * no `main`. Their own frames stay out of tracebacks, which show the program's lines.
 */
const RUNNERS = {
  python3: `
exec(compile('''
def main(code):
    import contextlib, io, linecache
    printed = io.StringIO()
    linecache.cache["<code>"] = (len(code), None, code.splitlines(True), "<code>")
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "<code>", "exec", dont_inherit=True), {"__name__": "__main__"})
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
    return {"printed": printed.getvalue()}
''', "<tool>", "exec"))
`,
  javascript: `
async function main({ code }) {
  const { format } = require("util");
  let printed = "";
  const log = (...values) => void (printed += format(...values) + "\\n");
  Object.assign(console, { log, info: log, debug: log });
  process.stdout.write = (text) => ((printed += String(text)), true);
  const ended = Symbol("exit");
  let exitCode = 0;
  process.exit = (code) => {
    exitCode = Number(code ?? process.exitCode ?? 0);
    throw ended;
  };
  // A program ends when it has no timer left.
  const open = new Set();
  const { setTimeout: start, clearTimeout: stop } = globalThis;
  let finish, fail;
  const whole = new Promise((resolve, reject) => ((finish = resolve), (fail = reject)));
  let fired = 0;
  const settle = () => {
    if (open.size > 0) return;
    // What a callback leaves to promises runs behind all timers that are due with it.
    const before = fired;
    start(() => (open.size === 0 && fired === before ? finish() : settle()), 0);
  };
  const attempt = (run) => {
    try {
      run();
    } catch (error) {
      if (error !== ended) return fail(error);
      finish();
    }
  };
  const timed = (repeats) => (callback, delay, ...args) => {
    let timer;
    const next = () =>
      start(() => {
        if (!open.has(Number(timer))) return settle();
        if (!repeats) open.delete(Number(timer));
        fired += 1;
        attempt(() => callback(...args));
        if (open.has(Number(timer))) next();
        settle();
      }, delay);
    timer = next();
    open.add(Number(timer));
    return timer;
  };
  const clear = (timer) => {
    open.delete(Number(timer ?? 0));
    stop(timer);
  };
  Object.assign(globalThis, {
    setTimeout: timed(false),
    setInterval: timed(true),
    setImmediate: (callback, ...args) => timed(false)(callback, 0, ...args),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  });
  attempt(() => new Function("require", "module", "exports", code)(require, { exports: {} }, {}));
  settle();
  await whole;
  if (exitCode !== 0) throw new Error("exit status " + exitCode);
  return { printed };
}
`,
};
const Language = z.enum(["python3", "javascript"]);
const Printed = z.object({ printed: z.string() });

/** Dify's tool of the provider `code`: runs a program in the sandbox of code nodes and gives what it prints. */
export const CODE_TOOLS: Readonly<Record<string, BuiltinTool>> = {
  simple_code: {
    description:
      "A tool for running code and getting the result back. Only native packages are allowed, network/IO operations are disabled. and you must use print() or console.log() to output the result or result will be empty.",
    parameters: objectSchema(
      {
        language: {
          type: "string",
          description: 'language of the code, only "python3" and "javascript" are supported',
          enum: Language.options,
        },
        code: {
          type: "string",
          description:
            "code to be executed, only native packages are allowed, network/IO operations are disabled.",
        },
      },
      ["language", "code"],
    ),
    settings: {},
    run: async (values, { code: runner, signal }) => {
      const given = values["language"] ?? "python3";
      const language = Language.safeParse(given);
      if (!language.success)
        return failureInItsWords(`Only python3 and javascript are supported, not ${pythonStr(given)}`);
      const result = await runner.run({
        language: language.data,
        code: RUNNERS[language.data],
        inputs: { code: pythonStr(values["code"] ?? "") },
        signal,
      });
      if (!result.ok) return { ...result, errorType: "ToolRuntimeInvocationError" };
      return toolAnswer({ text: Printed.parse(Json.parse(plainOf(result.value))).printed });
    },
  },
};
