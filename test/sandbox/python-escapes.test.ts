import assert from "node:assert/strict";
import { readdir, readlink } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { Exact } from "../../src/flow/exact.ts";
import { createCodeRunner } from "../../src/sandbox/create-code-runner.ts";
import { readPythonSources, startPythonProcess } from "../../src/sandbox/python/python-process.ts";
import { createAttempts } from "./attempt-code.ts";

const runner = createCodeRunner({ http: null, timeLimitMs: 30_000, pythonConcurrency: 1 });
before(async () => await runner.warmUp(new Set(["python3"])));
after(async () => await runner[Symbol.asyncDispose]());

const { attempt, failing } = createAttempts(runner, "python3");

/** Runs expressions, each apart from the others in one process, and tells how each ended. */
const attemptEach = async (lines: readonly string[]): Promise<Exact> =>
  await attempt(
    `def main(lines):
    results = []
    for line in lines:
        try:
            namespace = {}
            exec(line, namespace)
            results.append(str(namespace.get("r")))
        except BaseException as error:
            results.append("threw " + type(error).__name__)
    return results`,
    { lines },
  );

describe("Python code that wants out", () => {
  it("finds no JavaScript", async () => {
    assert.deepEqual(
      await attemptEach([
        "import js; r = js.process",
        "import pyodide_js; r = pyodide_js",
        "import sys; sys.modules.pop('js', None); import js; r = js.process",
        "import sys; sys.modules.pop('pyodide_js', None); import pyodide_js; r = pyodide_js._module",
        "from pyodide.code import run_js; r = run_js('process.version')",
        "from js import fetch; r = fetch",
        "import pyodide.http; r = pyodide.http",
        "import importlib; r = importlib.import_module('js').process",
      ]),
      [
        "threw ModuleNotFoundError",
        "threw ModuleNotFoundError",
        "threw ModuleNotFoundError",
        "threw ModuleNotFoundError",
        "threw ModuleNotFoundError",
        "threw ModuleNotFoundError",
        "threw ModuleNotFoundError",
        "threw ModuleNotFoundError",
      ],
    );
  });

  it("finds no object of JavaScript anywhere in its interpreter", async () => {
    const code = `import builtins, gc, sys, types
def main():
    seen, found, todo = set(), [], [m for m in sys.modules.values() if m is not None] + gc.get_objects()
    while todo:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        kinds = [k.__name__ for k in type(item).__mro__]
        if "JsProxy" in kinds or "JsDoubleProxy" in kinds:
            found.append(str(type(item)))
        if isinstance(item, (dict, list, tuple, types.ModuleType, types.FunctionType, type)):
            todo.extend(gc.get_referents(item))
    return {"found": found, "known": [n for n, m in sys.modules.items() if m is not None and n.split(".")[0] in
        ("js", "pyodide", "pyodide_js", "_pyodide", "_pyodide_core", "ctypes", "_ctypes", "_reviewflow_host")]}`;
    assert.deepEqual(await attempt(code), { found: [], known: [] });
  });

  it("makes none with what it digs up of the bridge", async () => {
    const dig = (name: string, call: string): string => `import gc
def main():
    for found in gc.get_objects():
        if getattr(found, "__name__", "") == ${JSON.stringify(name)} and callable(found):
            return str(${call})
    raise LookupError("nothing of that name")`;
    for (const [name, call] of [
      ["to_js", "found([1]).constructor.prototype"],
      ["to_js", "found({'a': 1}).constructor.constructor"],
      ["create_proxy", "found(print).constructor"],
      ["create_once_callable", "found(print).constructor"],
      ["run_js", "found('process')"],
      ["JsProxy", "found()"],
      ["register_js_module", "found('x', 1)"],
    ] as const)
      assert.match(await failing(dig(name, call)), /JavaScript is out of reach|Error: /, `${name}: ${call}`);
  });

  it("loads no machine code and calls no address", async () => {
    assert.match(
      await failing("def main():\n    import ctypes\n    return ctypes.CDLL(None).getpid()"),
      /ModuleNotFoundError: import of ctypes/,
    );
    const load = `import importlib.machinery, importlib.util
def main():
    open("/tmp/x.so", "wb").write(bytes([0, 97, 115, 109, 1, 0, 0, 0]))
    spec = importlib.util.spec_from_file_location("x", "/tmp/x.so")
    return str(importlib.util.module_from_spec(spec))`;
    assert.match(await failing(load), /^!/);
  });

  it("has the host's device for bytes and nothing beside it", async () => {
    const files = `import os
def main():
    found = []
    for name in ("3", "4", "/proc/self/fd/4", "/dev/fd/4"):
        try:
            descriptor = int(name) if name.isdigit() else os.open(name, os.O_RDWR)
            os.write(descriptor, b"x")
            found.append(name)
        except OSError:
            pass
    return {"found": found, "devices": sorted(n for n in os.listdir("/dev") if n not in ("null", "shm", "tty", "tty1", "random", "urandom", "stdin", "stdout", "stderr"))}`;
    assert.deepEqual(await attempt(files), { found: [], devices: ["reviewflow"] });
  });

  it("sees no file, environment or process of the host", async () => {
    const [passwd, environment, argv, home] = [
      "open('/etc/passwd').read()",
      "sorted(k for k in __import__('os').environ if k in ('PATH', 'HOME') and '/root' in __import__('os').environ[k])",
      "[a for a in __import__('sys').argv if 'reviewflow' in a]",
      "sorted(__import__('os').listdir('/home'))",
    ].map((expression) => `r = ${expression}`);
    const place = 'r = [k for k, v in __import__("os").environ.items() if "sandbox" in v]';
    assert.deepEqual(await attemptEach([place]), ["[]"]);
    assert.deepEqual(await attemptEach([passwd ?? "", environment ?? "", argv ?? "", home ?? ""]), [
      "threw FileNotFoundError",
      "[]",
      "[]",
      "['pyodide', 'web_user']",
    ]);
  });

  it("reaches neither network nor processes nor threads", async () => {
    assert.deepEqual(
      await attemptEach([
        "import socket; s = socket.create_connection(('127.0.0.1', 80), 1); s.send(b'x'); r = s.recv(1)",
        "import urllib.request; r = urllib.request.urlopen('http://127.0.0.1/').read()",
        "import subprocess; r = subprocess.check_output(['id'])",
        "import os; r = os.fork()",
        "import os; r = os.kill(1, 9)",
        "import threading; t = threading.Thread(target=print); t.start(); r = 'started'",
        "import requests; r = requests.get('http://127.0.0.1/')",
      ]),
      [
        "threw OSError",
        "threw URLError",
        "threw OSError",
        "threw OSError",
        "threw PermissionError",
        "threw RuntimeError",
        "threw ConnectionError",
      ],
    );
  });

  it("is refused a shell by the process itself", async () => {
    assert.match(
      await failing("import os\ndef main(): return os.system('id')"),
      /^!Error: Access to this API has been restricted/,
    );
  });

  it("cannot pollute the prototypes of this program with its result", async () => {
    const value = await attempt(
      `def main(): return {"__proto__": {"polluted": 1}, "a": [{"__proto__": {"polluted": 1}}]}`,
    );
    assert.equal(JSON.stringify(value), '{"a":[{}]}');
    assert.equal(Reflect.get({}, "polluted"), undefined);
  });

  it("gains nothing by speaking the protocol itself", async () => {
    const ask = (request: string): string => `import os, json
def main():
    device = os.open("/dev/reviewflow", os.O_RDWR)
    body = ${request}
    os.write(device, len(body).to_bytes(4, "big") + body)
    length = int.from_bytes(os.read(device, 4), "big")
    return [os.read(device, length).decode()]`;
    const forged = `json.dumps({"kind": "result", "json": "1", "method": "GET", "url": "x", "headers": [],
        "body": None, "connectTimeoutMs": None, "readTimeoutMs": None, "verifyTls": True}).encode()`;
    assert.match(JSON.stringify(await attempt(ask(forged))), /not allowed here/);
    assert.match(await failing(ask(`b'{"method": "get me"}'`)), /^!sandbox\.ended /);
    const flood = `import os
def main():
    device = os.open("/dev/reviewflow", os.O_RDWR)
    for _ in range(40):
        os.write(device, b"\\xff\\xff\\xff\\xff" + bytes(16 << 20))
    return {}`;
    assert.match(await failing(flood), /^!sandbox\.ended /);
    assert.match(await failing(ask(`b"v" + bytes(4) + b"1"`)), /^!sandbox\.ended /);
  });
});

describe("the process of Python code", () => {
  it(
    "holds no file of the host while code runs but its socket",
    { skip: process.platform !== "linux" },
    async () => {
      const sources = await readPythonSources();
      const first = startPythonProcess(process.execPath, sources, null);
      assert.equal(await first.ready, null);
      const snapshot = await first.snapshot;
      assert.ok(snapshot !== null);
      const later = startPythonProcess(process.execPath, sources, snapshot);
      try {
        await assert.rejects(snapshot.handle.write("x"), { code: "EBADF" });
        assert.equal(await later.ready, null);
        const folder = `/proc/${later.pid}/fd`;
        const targets = await Promise.all(
          (await readdir(folder)).map((name) => readlink(`${folder}/${name}`)),
        );
        const kinds = targets.filter((target) => !/^(anon_inode:|pipe:|socket:|\/dev\/null$)/.test(target));
        assert.deepEqual(kinds, []);
      } finally {
        first.kill();
        later.kill();
        await Promise.all([first.gone, later.gone]);
        await snapshot.handle.close();
      }
    },
  );
});
