// console, process, timers, Math.random, util and require.
({ define, call, modules, version }) => {
  const silent = () => undefined;
  const names =
    "log info warn error debug trace table dir dirxml group groupCollapsed groupEnd time timeEnd timeLog assert count countReset";
  define("console", Object.fromEntries(names.split(" ").map((name) => [name, silent])));
  define("global", globalThis);

  // A restored memory would draw the same numbers every time.
  let pool = [];
  Object.defineProperty(Math, "random", {
    configurable: true,
    writable: true,
    value: () => {
      if (pool.length === 0) pool = call("random", "4096").match(/.{16}/g);
      const draw = pool.pop();
      return (
        (Number.parseInt(draw.slice(0, 8), 16) * 2 ** 21 + (Number.parseInt(draw.slice(8), 16) >>> 11)) /
        2 ** 53
      );
    },
  });

  // Timers: the host waits, then has those that are due run.
  let lastId = 0;
  const timers = new Map();
  class Timeout {
    #id;
    constructor(id) {
      this.#id = id;
    }
    ref() {
      return this;
    }
    unref() {
      return this;
    }
    hasRef() {
      return true;
    }
    [Symbol.toPrimitive]() {
      return this.#id;
    }
  }
  const add = (callback, delay, args, repeats) => {
    if (typeof callback !== "function")
      throw Object.assign(new TypeError('The "callback" argument must be of type function.'), {
        code: "ERR_INVALID_ARG_TYPE",
      });
    const wait = Number(delay) >= 1 && Number(delay) <= 2 ** 31 - 1 ? Number(delay) : 1;
    lastId += 1;
    timers.set(lastId, { callback, args, due: Date.now() + wait, wait: repeats ? wait : null });
    return new Timeout(lastId);
  };
  const clear = (timer) => void timers.delete(Number(timer ?? 0));
  const setTimeout = (callback, delay, ...args) => add(callback, delay, args, false);
  const setInterval = (callback, delay, ...args) => add(callback, delay, args, true);
  const setImmediate = (callback, ...args) => {
    const timer = add(callback, 1, args, false);
    timers.get(lastId).due = 0;
    return timer;
  };
  for (const [name, value] of Object.entries({
    setTimeout,
    setInterval,
    setImmediate,
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  }))
    define(name, value);
  const sleep = (delay, value) => new Promise((resolve) => setTimeout(resolve, delay, value));
  modules.timers = {
    setTimeout,
    setInterval,
    setImmediate,
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
  modules["timers/promises"] = { setTimeout: sleep, setImmediate: (value) => sleep(0, value) };
  const now = Date.now;
  const nextDelay = () => {
    let due = Infinity;
    for (const timer of timers.values()) due = Math.min(due, timer.due);
    return due === Infinity ? -1 : Math.max(0, due - now());
  };
  const runTimers = () => {
    const at = now();
    const ready = [...timers].filter(([, { due }]) => due <= at).sort(([, a], [, b]) => a.due - b.due);
    for (const [id, timer] of ready) {
      if (!timers.has(id)) continue;
      if (timer.wait === null) timers.delete(id);
      else timer.due = at + timer.wait;
      timer.callback(...timer.args);
    }
  };

  const startedAt = now();
  const hrtime = (before) => {
    const nanoseconds = BigInt(Math.round(performance.now() * 1e6));
    const [seconds, rest] = [Number(nanoseconds / 1_000_000_000n), Number(nanoseconds % 1_000_000_000n)];
    if (before === undefined) return [seconds, rest];
    const borrow = rest < before[1] ? 1 : 0;
    return [seconds - before[0] - borrow, rest - before[1] + borrow * 1e9];
  };
  hrtime.bigint = () => BigInt(Math.round(performance.now() * 1e6));
  const process = {
    title: "node",
    version,
    versions: { node: version.slice(1) },
    arch: "x64",
    platform: "linux",
    release: { name: "node" },
    argv: ["node"],
    execArgv: [],
    env: {},
    pid: 1,
    ppid: 0,
    exitCode: undefined,
    cwd: () => "/",
    uptime: () => (now() - startedAt) / 1000,
    hrtime,
    memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
    cpuUsage: () => ({ user: 0, system: 0 }),
    nextTick: (callback, ...args) => queueMicrotask(() => callback(...args)),
    emitWarning: silent,
    stdout: { write: () => true, isTTY: false },
    stderr: { write: () => true, isTTY: false },
    exit: () => {
      throw new Error("process.exit is not available in code nodes here: return from main");
    },
  };
  for (const name of ["on", "once", "off", "addListener", "removeListener", "removeAllListeners"])
    process[name] = () => process;
  Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });
  define("process", process);
  modules.process = process;
  modules.console = globalThis.console;
  modules.perf_hooks = { performance };

  const plain = (name) => String(name).replace(/^node:/, "");
  define("require", (name) => {
    if (Object.hasOwn(modules, plain(name))) return modules[plain(name)];
    const error = new Error(
      `Cannot find module '${name}': a code node has ${Object.keys(modules).sort().join(", ")}`,
    );
    error.code = "MODULE_NOT_FOUND";
    throw error;
  });
  define("module", { exports: {} });
  define("exports", globalThis.module.exports);
  return { nextDelay, runTimers };
};
