import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Json } from "../../src/base/json.ts";
import { createCodeRunner } from "../../src/sandbox/create-code-runner.ts";
import { createAttempts } from "./attempt-code.ts";

const runner = createCodeRunner({ http: null, timeLimitMs: 30_000, pythonConcurrency: 1 });
before(async () => await runner.warmUp(new Set(["python3"])));
after(async () => await runner[Symbol.asyncDispose]());

const { attempt, failing } = createAttempts(runner, "python3");

/** Runs expressions, each apart from the others in one process, and tells how each ended. */
const attemptEach = async (lines: readonly string[]): Promise<Json> =>
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
        "threw ImportError",
        "threw ModuleNotFoundError",
        "threw ModuleNotFoundError",
        "threw ModuleNotFoundError",
      ],
    );
  });

  it("builds no JavaScript from the one function that it is given", async () => {
    assert.deepEqual(
      await attemptEach([
        "import _reviewflow_host as h; r = h.send.constructor('return process')()",
        "import _reviewflow_host as h; r = h.send.constructor.constructor('return globalThis')()",
        "import _reviewflow_host as h; r = h.send.process",
        "import _reviewflow_host as h; r = h.send.constructor.prototype.constructor('return import(\"node:fs\")')()",
      ]),
      ["threw JsException", "threw JsException", "threw AttributeError", "threw JsException"],
    );
  });

  it("sees no file, environment or process of the host", async () => {
    const [passwd, environment, argv, home] = [
      "open('/etc/passwd').read()",
      "sorted(k for k in __import__('os').environ if k in ('PATH', 'HOME') and '/root' in __import__('os').environ[k])",
      "[a for a in __import__('sys').argv if 'reviewflow' in a]",
      "sorted(__import__('os').listdir('/home'))",
    ].map((expression) => `r = ${expression}`);
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
    const forged = `import _reviewflow_host, json
def main():
    return [_reviewflow_host.send(json.dumps({"kind": "result", "json": "1", "method": "GET", "url": "x", "headers": [],
        "body": None, "connectTimeoutMs": None, "readTimeoutMs": None, "verifyTls": True}))]`;
    assert.match(JSON.stringify(await attempt(forged)), /not allowed here/);
    const wrong = `import _reviewflow_host\ndef main():\n    return _reviewflow_host.send('{"method": "get me"}')`;
    assert.match(await failing(wrong), /^!error: the sandbox ended/);
  });
});
